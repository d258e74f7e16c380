"""Asking those who are registered which date would suit, while an event is postponed; and what they said."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.text import clean_plain
from events.admin.doing import CLOCK
from events.admin.forms import date_input, time_input
from events.admin.refusals import attempt
from events.models import DateOption, Event
from events.services.polls import close_poll, open_poll, poll_results
from events.showing import moment_in_words, option_in_words
from events.times import instant

OFFERED = 4
"""Rows of dates; one at least is filled in."""


class PollForm(forms.Form):
    question = forms.CharField(
        label=gettext_lazy("What is asked"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
    )
    closes_date = date_input(gettext_lazy("Open until"))
    closes_time = time_input(gettext_lazy("at"))

    def __init__(self, event, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.event = event
        labels = {name: DateOption._meta.get_field(name).verbose_name for name in CLOCK}
        for number in range(1, OFFERED + 1):
            for name in CLOCK:
                make = date_input if name.endswith("date") else time_input
                text = _("Date %(number)s: %(what)s") % {"number": number, "what": labels[name]}
                self.fields[f"{name}_{number}"] = make(text, required=number == 1)

    def clean_question(self):
        return clean_plain(self.cleaned_data["question"])

    def clean(self):
        cleaned = super().clean()
        cleaned["options"] = [row for number in range(1, OFFERED + 1) if (row := self._row(number))]
        day, clock = cleaned.get("closes_date"), cleaned.get("closes_time")
        cleaned["closes_at"] = self._instant("closes_time", day, clock) if day and clock else None
        return cleaned

    def _row(self, number):
        """{column: value} of one date, or None for a row that was left empty or is wrong."""
        values = {name: self.cleaned_data.get(f"{name}_{number}") for name in CLOCK}
        lacking = [name for name, value in values.items() if value is None]
        if len(lacking) == len(CLOCK):
            return None
        for name in lacking:
            if f"{name}_{number}" not in self.errors:
                self.add_error(f"{name}_{number}", _("A day and a time are both needed."))
        if lacking:
            return None
        start, end = (
            self._instant(f"{name}_time_{number}", values[f"{name}_date"], values[f"{name}_time"])
            for name in ("start", "end")
        )
        if start and end and end <= start:
            self.add_error(f"end_time_{number}", _("An event cannot end before it begins."))
        return values

    def _instant(self, field, day, clock):
        try:
            return instant(day, clock, self.event.time_zone)
        except ValidationError as error:
            self.add_error(field, error)
            return None


class PollPage:
    """Mixin before the admin class of events."""

    def get_urls(self):
        view = self.admin_site.admin_view(self.poll_view)
        return [path("<int:pk>/poll/", view, name="events_event_poll"), *super().get_urls()]

    def poll_view(self, request, pk):
        event = self._event(request, pk)
        poll = event.polls.first()
        may_ask = event.status == Event.Status.POSTPONED and not (poll and poll.is_open)
        form = PollForm(event, request.POST or None) if may_ask else None
        if request.method == "POST" and request.POST.get("do") == "close" and poll and poll.is_open:
            close_poll(poll, actor=request.user)
            messages.success(request, _("The poll is closed."))
            return HttpResponseRedirect(request.path)
        if request.method == "POST" and form is None:
            messages.error(request, _("This is not possible any more: the event has changed meanwhile."))
            return HttpResponseRedirect(request.path)
        if request.method == "POST" and form.is_valid():
            values = form.cleaned_data
            asked = {"closes_at": values["closes_at"], "question": values["question"]}
            attempt(form, lambda: open_poll(event, values["options"], actor=request.user, **asked))
            if not form.errors:
                messages.success(request, _("All who are registered are asked."))
                return HttpResponseRedirect(request.path)
        results = poll_results(poll) if poll else None
        for result in results.dates if results else ():
            result.words = option_in_words(result.option, event)
        context = {
            **self._context(request, event, _("Ask for dates")),
            "form": form,
            "poll": poll,
            "results": results,
            "until": moment_in_words(poll.closes_at, event.time_zone) if poll else "",
        }
        status = 422 if form is not None and form.errors else 200
        return TemplateResponse(request, "admin/events/event/poll.html", context, status=status)
