"""The forms of events and series: the rules of their dates and hosts, told next to the fields they are about."""

import zoneinfo
from collections import defaultdict

from babel import Locale
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.admin import ChoicesWidget
from common.languages import current_language, site_languages
from common.ordering import sort_key
from events.admin.doing import create_event, edit_event
from events.admin.refusals import attempt
from events.models import EventSeries
from networks.admin.records import WORKING_LANGUAGES
from networks.rules import editable_networks

PAIRS = tuple((f"{name}_date", f"{name}_time") for name in ("start", "end", "opens", "closes"))


def zone_choices(present=""):
    """Time zones by continent, as a list to choose from."""
    zones = defaultdict(list)
    for name in sorted(zoneinfo.available_timezones() | {present}):
        continent, slash, place = name.partition("/")
        if slash and continent not in ("Etc", "SystemV", "US", "posix", "right"):
            zones[continent].append((name, place.replace("_", " ").replace("/", " – ")))
    return [("UTC", "UTC"), *zones.items()]


def language_choices(*present):
    """Languages that networks work in, by the reader's names, and those that are chosen already."""
    names = Locale.parse(current_language()).languages
    known = dict.fromkeys([*site_languages(), *WORKING_LANGUAGES, *(code for code in present if code)])
    choices = [(code, names.get(code, code)) for code in known]
    return sorted(choices, key=lambda choice: sort_key(choice[1], current_language()))


def working_languages(label, *, required=False):
    return forms.MultipleChoiceField(label=label, required=required, widget=ChoicesWidget)


def date_input(label, **options):
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


def time_input(label, **options):
    return forms.TimeField(label=label, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **options)


class HostedForm(forms.ModelForm):
    """Something that networks host. Of the hosts one sees and chooses one's own; the others stay.

    `actor` is set by the admin, on a class made for one request.
    """

    actor = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if field := self.fields.get("networks"):
            own = editable_networks(self.actor)
            self.others = []
            if self.instance.pk:
                hosts = list(self.instance.networks.all())
                kept = set(own.filter(pk__in=[host.pk for host in hosts]).values_list("pk", flat=True))
                self.others = [host for host in hosts if host.pk not in kept]
                self.initial["networks"] = [host for host in hosts if host.pk in kept]
            field.queryset = own
            field.widget = ChoicesWidget()
            field.widget.choices = field.choices
            field.widget.group_label = field.label
            field.help_text = ""
            if self.others:
                names = ", ".join(str(host) for host in self.others)
                field.help_text = _("Hosted together with: %(networks)s.") % {"networks": names}

    def clean_networks(self):
        chosen = list(self.cleaned_data["networks"])
        if not chosen:
            raise ValidationError(_("Choose at least one of your networks."))
        return [*chosen, *self.others]

    def clean(self):
        cleaned = super().clean()
        source = cleaned.get("source_language")
        for name in self.needed_texts:
            column = f"{name}_{source}"
            if source and column in self.fields and not cleaned.get(column):
                self.add_error(column, _("Needed in the language the event is written in."))
        return cleaned


class SeriesForm(HostedForm):
    needed_texts = ("title",)


class EventForm(HostedForm):
    needed_texts = ("title",)
    languages = working_languages(gettext_lazy("Working languages"))
    interpretation = working_languages(gettext_lazy("Interpretation into"))
    seen_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    """When what the editor sees was stored: who was quicker is not overwritten."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        event = self.instance
        if event.pk:
            self.fields["seen_at"].required = True
            self.initial["seen_at"] = event.updated_at.isoformat()
        for name in ("languages", "interpretation"):
            self.fields[name].choices = language_choices(*(getattr(event, name) or []))
            self.fields[name].widget.group_label = self.fields[name].label
        if "time_zone" in self.fields:
            choices = zone_choices(event.time_zone)
            if not event.pk:
                # Chosen, never left at what stands there.
                choices, self.initial["time_zone"] = [("", "–"), *choices], ""
            self.fields["time_zone"] = forms.ChoiceField(label=self.fields["time_zone"].label, choices=choices)
        for day, clock in PAIRS:
            if day in self.fields:
                self.fields[day] = date_input(self.fields[day].label, required=False)
                self.fields[clock] = time_input(self.fields[clock].label, required=False)
        if series := self.fields.get("series"):
            kept = EventSeries.objects.filter(networks__in=editable_networks(self.actor)).distinct()
            series.queryset = EventSeries.objects.filter(pk__in=[*kept.values_list("pk", flat=True), event.series_id])

    def clean(self):
        cleaned = super().clean()
        for day, clock in PAIRS:
            both = [cleaned.get(day), cleaned.get(clock)]
            lacking = [name for name, value in zip((day, clock), both, strict=True) if value is None]
            if len(lacking) == 1 and lacking[0] in self.fields and lacking[0] not in self.errors:
                self.add_error(lacking[0], _("A day and a time are both needed."))
        return cleaned

    def _post_clean(self):
        super()._post_clean()
        event = self.instance
        ends_early = event.starts_at and event.ends_at and event.ends_at <= event.starts_at
        if ends_early and "end_time" in self.fields and not {"end_time", "end_date"} & set(self.errors):
            self.add_error("end_time", _("An event cannot end before it begins."))

    def is_valid(self):
        """Stored by the service already here, so that what it refuses stands next to the field."""
        return super().is_valid() and self._is_stored()

    def _is_stored(self):
        values = {name: value for name, value in self.cleaned_data.items() if name != "seen_at"}
        if self.instance.pk is None:
            networks = values.pop("networks")
            stored = attempt(self, lambda: create_event(values, networks, actor=self.actor))
        else:
            changes = {name: value for name, value in values.items() if name in self.changed_data}
            seen_at = self.cleaned_data["seen_at"]
            stored = attempt(self, lambda: edit_event(self.instance, changes, actor=self.actor, seen_at=seen_at))
        if self.errors:
            return False
        self.instance = stored
        return True
