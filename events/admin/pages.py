"""The pages of one event beside its form: the overview and what is done from there."""

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.exporting import note_export
from common.spreadsheets import download
from events.admin.deciding import (
    DecisionForm,
    DuplicateForm,
    EnterForm,
    NeedsExportForm,
    NominateForm,
    TransitionForm,
)
from events.admin.doing import DECISIONS, decide, decisions_of, transitions_of
from events.admin.overview import overview
from events.admin.refusals import attempt
from events.exports import needs_table
from events.models import Event, Registration
from events.services import admitting, duplicating

DUPLICATED = gettext_lazy(
    "A draft with the same texts, agenda, rooms, groups and limits of places. Registrations, nominations, speakers, "
    "minutes, documents and links to join stay behind."
)


class EventPages:
    """Mixin before the admin class of events. Each page asks `get_queryset`, so a foreign event answers 404."""

    def get_urls(self):
        def page(route, view):
            name = f"events_event_{route.rpartition('/')[2]}"
            return path(f"<int:pk>/{route}/", self.admin_site.admin_view(view), name=name)

        return [
            page("overview", self.overview_view),
            page("register", self.register_view),
            page("nominate", self.nominate_view),
            page("duplicate", self.duplicate_view),
            *super().get_urls(),
        ]

    def _event(self, request, pk):
        event = self.get_queryset(request).filter(pk=pk).select_related("series", "city", "owner").first()
        if event is None or not self.has_change_permission(request, event):
            raise Http404
        return event

    # The overview

    def overview_view(self, request, pk):
        event = self._event(request, pk)
        bound = None
        if request.method == "POST":
            done = self._act(request, event)
            if not isinstance(done, TransitionForm | DecisionForm):
                return done
            bound = done
        title = str(event)
        context = {
            **self._context(request, event, title),
            **overview(event, request.GET, bound),
            "bound": bound,
            "subtitle": None,
            "may_see_mails": request.user.is_superuser,
        }
        return TemplateResponse(
            request, "admin/events/event/overview.html", context, status=422 if bound is not None else 200
        )

    def _context(self, request, event, title):
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "event": event,
            "list_address": reverse("admin:events_event_changelist"),
        }

    def _act(self, request, event):
        """Do what was asked for; returns an answer, or the form that was refused."""
        name = request.POST.get("do", "")
        if name == "export-needs":
            return self._export_needs(request, event)
        if name in DECISIONS:
            return self._decide(request, event, name)
        transition = next((one for one in transitions_of(event) if one.name == name), None)
        if transition is None:
            messages.error(request, _("This is not possible any more: the event has changed meanwhile."))
            return HttpResponseRedirect(request.get_full_path())
        form = TransitionForm(transition, event, request.POST)
        if form.is_valid():
            attempt(form, lambda: transition.run(event, form.cleaned_data, actor=request.user))
        if form.errors:
            return form
        self.log_change(request, event, str(transition.label))
        messages.success(request, _("Done: %(what)s.") % {"what": transition.label})
        return HttpResponseRedirect(request.get_full_path())

    def _decide(self, request, event, name):
        number = request.POST.get("registration", "")
        number = number if number.isdecimal() and len(number) < 12 else 0
        registration = get_object_or_404(Registration.objects.select_related("event"), pk=number, event=event)
        pools = list(event.pools.select_related("session__event")) if name == "give-seat" else []
        form = DecisionForm(registration, pools, request.POST)
        if name not in decisions_of(registration, event):
            messages.error(request, _("This has been decided already."))
            return HttpResponseRedirect(request.get_full_path())
        if form.is_valid() and form.require_for(name):
            values = form.cleaned_data
            attempt(
                form,
                lambda: decide(registration, name, actor=request.user, note=values["note"], pool=values.get("pool")),
            )
        if form.errors:
            return form
        told = {"what": DECISIONS[name], "who": registration}
        messages.success(request, _("Done: %(what)s – %(who)s.") % told)
        return HttpResponseRedirect(f"{request.get_full_path()}#registrations")

    def _export_needs(self, request, event):
        form = NeedsExportForm(request.POST)
        if not form.is_valid():
            return HttpResponseRedirect(request.path)
        table = needs_table(event)
        note_export(request.user, event, len(table.rows), form.cleaned_data["kind"])
        return download(table, form.cleaned_data["kind"], f"needs-{event.pk}-{timezone.localdate()}")

    # Pages of one form each

    def register_view(self, request, pk):
        """Enter somebody by hand."""
        event = self._event(request, pk)
        form = EnterForm(event, request.POST or None)
        if request.method == "POST" and form.is_valid():
            values = {name: value for name, value in form.cleaned_data.items() if name != "language"}
            language = form.cleaned_data["language"]
            entered = attempt(
                form, lambda: admitting.enter_by_hand(event, values, language=language, actor=request.user)
            )
            if not form.errors:
                told = {"who": entered, "state": entered.get_state_display()}
                messages.success(request, _("%(who)s is entered: %(state)s.") % told)
                return self._to_overview(event)
        explained = _("The person gets the mail that everybody gets, and seats go by the same order.")
        return self._form_page(request, event, form, _("Enter a registration by hand"), _("Enter"), explained)

    def nominate_view(self, request, pk):
        """Nominate those who took part in former events of the series."""
        event = self._event(request, pk)
        groups = _participants(event, request.user)
        form = NominateForm(groups, request.POST or None)
        if request.method == "POST" and form.is_valid():
            chosen = Registration.objects.filter(pk__in=form.cleaned_data["registrations"]).exclude(email="")
            for registration in chosen.select_related("city"):
                admitting.nominate(
                    event,
                    registration.email,
                    actor=request.user,
                    name=registration.name,
                    city=registration.city,
                    language=registration.language,
                    registration=registration,
                )
            count = len(chosen)
            text = ngettext("%(count)s person is nominated.", "%(count)s people are nominated.", count)
            messages.success(request, text % {"count": count})
            return self._to_overview(event)
        explained = _("Those who took part in former events of the series. Who is nominated already stays so.")
        if not groups:
            explained = _("No former event of the series has participants with an address.")
        return self._form_page(
            request, event, form, _("Nominate from a workshop"), _("Nominate") if groups else "", explained
        )

    def duplicate_view(self, request, pk):
        event = self._event(request, pk)
        form = DuplicateForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            day = form.cleaned_data["first_day"]
            new = attempt(form, lambda: duplicating.duplicate_event(event, actor=request.user, first_day=day))
            if not form.errors:
                self.log_addition(request, new, [{"added": {}}])
                messages.success(request, _("This is the new event, a draft. Nobody has been told of it."))
                return self._to_overview(new)
        return self._form_page(request, event, form, _("Duplicate"), _("Duplicate"), DUPLICATED)

    def _form_page(self, request, event, form, title, button, explained):
        context = {
            **self._context(request, event, title),
            "form": form,
            "media": self.media + form.media,
            "button": button,
            "explained": explained,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/events/event/form.html", context, status=status)

    def _to_overview(self, event):
        return HttpResponseRedirect(reverse("admin:events_event_overview", args=[event.pk]))


def _participants(event, actor):
    """[(event, [(registration, person)])] of former events of the series that the actor runs: who came or had a place."""
    if event.series_id is None:
        return []
    former = Event.objects.editable_by(actor).filter(series=event.series_id).exclude(pk=event.pk).past()
    groups = []
    for past in former.order_by("starts_at"):
        rows = past.registrations.taking_part().exclude(email="").select_related("city")
        came = [row for row in rows if row.state == Registration.State.ATTENDED] or list(rows)
        people = [(row.pk, " · ".join(filter(None, [str(row), row.email, str(row.city or "")]))) for row in came]
        if people:
            groups.append((str(past), people))
    return groups
