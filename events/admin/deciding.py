"""The small forms on the page of an event."""

from django import forms
from django.contrib.admin.sites import site
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.exporting import KINDS
from common.languages import current_language, name_in
from common.text import clean_line, clean_plain
from events.admin.doing import CLOCK
from events.admin.forms import date_input, time_input
from events.models import Registration, SeatPool, SeatReserve
from events.showing import moment_in_words
from events.times import instant
from networks.models import City
from vocabularies.models import Scheme, Term

FIELDS = {
    "reason": lambda: forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "Participants and visitors read it, in the language of the event. Write it in other languages in the form first."
        ),
    ),
    "link": lambda: forms.URLField(
        label=gettext_lazy("Link to join online"),
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text=gettext_lazy("Secret: only people with a place see it."),
    ),
    "start_date": lambda: date_input(gettext_lazy("First day")),
    "start_time": lambda: time_input(gettext_lazy("Begins at")),
    "end_date": lambda: date_input(gettext_lazy("Last day")),
    "end_time": lambda: time_input(gettext_lazy("Ends at")),
    "reconfirm_date": lambda: date_input(
        gettext_lazy("Answers until"),
        required=False,
        help_text=gettext_lazy("All who are registered are asked whether the new date suits. Silence is no yes."),
    ),
    "reconfirm_time": lambda: time_input(gettext_lazy("at"), required=False),
}


class TransitionForm(forms.Form):
    """What has to be typed for one transition of an event."""

    def __init__(self, transition, event, data=None):
        super().__init__(data, auto_id=f"{transition.name}_%s", initial={name: getattr(event, name) for name in CLOCK})
        self.transition, self.event = transition, event
        self.registration, self.reserves = [], []
        for name in transition.typed:
            if name == "deadlines":
                self._ask_for_deadlines()
            else:
                self.fields[name] = FIELDS[name]()

    def _ask_for_deadlines(self):
        """What moves with the event by itself, unless the hosts set it: when registration opens and closes, kept seats."""
        event = self.event
        if event.registration_opens_at and event.registration_opens_at > timezone.now():
            self.registration.append("opens")
            self._ask_for_moment("opens", _("Registration opens on"), event.registration_opens_at)
        self.registration.append("closes")
        self._ask_for_moment("closes", _("Registration closes on"), event.registration_closes_at)
        reserves = SeatReserve.objects.filter(pool__event=event).order_by("pool", "pk")
        for reserve in reserves.select_related("stakeholder", "pool__session"):
            if reserve.pool.session_id:
                reserve.pool.session.event = event
            told = {"who": reserve.stakeholder, "pool": reserve.pool}
            label = _("Kept for %(who)s (%(pool)s), released on") % told
            self.reserves.append(reserve)
            self._ask_for_moment(f"release_{reserve.pk}", label, reserve.releases_at)

    def _ask_for_moment(self, name, label, moment):
        told = _("Empty: when the event begins, as now.")
        if moment:
            told = _("Now: %(moment)s. Empty: as many days later or earlier as the event begins.")
            told = told % {"moment": moment_in_words(moment, self.event.time_zone)}
        self.fields[f"{name}_date"] = date_input(label, required=False, help_text=told)
        self.fields[f"{name}_time"] = time_input(gettext_lazy("at"), required=False)

    def clean_reason(self):
        return clean_plain(self.cleaned_data["reason"])

    def clean(self):
        cleaned = super().clean()
        if "start_date" in self.fields and not self.errors:
            start, end = self._instant("start"), self._instant("end")
            cleaned["reconfirm_until"] = self._instant("reconfirm")
            cleaned["registration"] = {
                f"{name}_{part}": cleaned[f"{name}_{part}"]
                for name in self.registration
                if self._instant(name)
                for part in ("date", "time")
            }
            cleaned["releases"] = {
                reserve.pk: (cleaned[f"{name}_date"], cleaned[f"{name}_time"])
                for reserve in self.reserves
                if self._instant(name := f"release_{reserve.pk}")
            }
            if start and end and end <= start:
                self.add_error("end_time", _("An event cannot end before it begins."))
        return cleaned

    def _instant(self, name):
        day, clock = self.cleaned_data[f"{name}_date"], self.cleaned_data[f"{name}_time"]
        if (day is None) != (clock is None):
            self.add_error(f"{name}_time" if day else f"{name}_date", _("A day and a time are both needed."))
        try:
            return instant(day, clock, self.event.time_zone) if day and clock else None
        except ValidationError as error:
            self.add_error(f"{name}_time", error)


class DecisionForm(forms.Form):
    """What the hosts decide on one registration: a note, and for a seat which one."""

    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False)
    pool = forms.ModelChoiceField(SeatPool.objects.none(), label=gettext_lazy("Place"), required=False)

    def __init__(self, registration, pools, data=None):
        super().__init__(data, auto_id=f"r{registration.pk}_%s")
        self.registration = registration
        if not pools:
            del self.fields["pool"]
            return
        field = self.fields["pool"]
        field.queryset = SeatPool.objects.filter(pk__in=[pool.pk for pool in pools])
        field.choices = [(pool.pk, str(pool)) for pool in pools]
        self.initial["pool"] = next((pool.pk for pool in pools if pool.kind == registration.mode), None)

    def clean_note(self):
        return clean_line(self.cleaned_data["note"])

    def require_for(self, decision):
        """Giving a place past the others needs a reason, which stays in the history."""
        if decision == "give-seat" and not self.cleaned_data.get("note"):
            self.add_error("note", _("Say why: it stays in the history of the event."))
        if decision == "give-seat" and not self.cleaned_data.get("pool"):
            self.add_error("pool", _("Choose one of those offered."))
        return not self.errors


class NeedsExportForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Format"), choices=KINDS)


class EnterForm(forms.ModelForm):
    """Somebody who wrote or telephoned."""

    class Meta:
        model = Registration
        fields = [
            *("name", "email", "language", "mode", "city", "organisation", "stakeholder"),
            *("needs_access", "needs_diet", "needs_interpretation"),
        ]

    def __init__(self, event, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.event = event
        modes = {"in-person": event.is_in_person, "online": event.is_online}
        self.fields["mode"].choices = [choice for choice in Registration.Mode.choices if modes[choice[0]]]
        city = Registration._meta.get_field("city")
        self.fields["city"].widget = AutocompleteSelect(city, site, choices=self.fields["city"].choices)
        self.fields["city"].queryset = City.objects.all()
        self.fields["stakeholder"].queryset = Term.objects.in_scheme(Scheme.ORGANISATION_TYPE).current()
        self.fields["name"].required = True
        for name in ("needs_access", "needs_diet"):
            self.fields[name].widget.attrs["rows"] = 2
        languages = [("", "–"), *((code, name_in(code, current_language())) for code in event.interpretation or ())]
        self.fields["needs_interpretation"] = forms.ChoiceField(
            label=self.fields["needs_interpretation"].label, choices=languages, required=False
        )

    def _get_validation_exclusions(self):
        # The address is compared by the service, under the lock.
        return {*super()._get_validation_exclusions(), "event"}


class DuplicateForm(forms.Form):
    first_day = date_input(
        gettext_lazy("New first day"),
        help_text=gettext_lazy("All else moves by as many days; the clock times stay."),
    )


class NominateForm(forms.Form):
    """Who took part in the events that led to this one."""

    registrations = forms.MultipleChoiceField(label=gettext_lazy("Participants"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, groups, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["registrations"].choices = groups
