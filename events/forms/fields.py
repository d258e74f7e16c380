"""Fields of the participants' forms: texts by the gates of their columns, languages, consents."""

import zoneinfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.languages import current_language, name_in
from events.models import Registration
from vocabularies.models import Scheme, Term


class ColumnField(forms.CharField):
    """A text of the registration, cleaned and measured by its column."""

    def __init__(self, column, **options):
        self.column = Registration._meta.get_field(column)
        super().__init__(**options)

    def clean(self, value):
        value = super().clean(value)
        return self.column.clean(value, None) if value else ""


class TimeZoneField(forms.CharField):
    """What the browser says of its clock. Nobody typed it, so what is no zone is left out, not refused."""

    def __init__(self, **options):
        super().__init__(required=False, widget=forms.HiddenInput({"data-time-zone": ""}), **options)

    def clean(self, value):
        return value if value in zoneinfo.available_timezones() and "/" in value else ""


class Trap(forms.CharField):
    """A line that people do not see and programs fill in."""

    def __init__(self):
        attrs = {"tabindex": "-1", "autocomplete": "off"}
        super().__init__(label=_("Leave this empty"), required=False, widget=forms.TextInput(attrs))


def line(column, label, *, autocomplete="", required=False, **options):
    attrs = {"dir": "auto"} | ({"autocomplete": autocomplete} if autocomplete else {})
    return ColumnField(column, label=label, required=required, widget=forms.TextInput(attrs), **options)


def lines(column, label, **options):
    widget = forms.Textarea({"rows": 2, "dir": "auto"})
    return ColumnField(column, label=label, required=False, widget=widget, **options)


def mail_language():
    return forms.ChoiceField(label=_("Language of the mails"), choices=settings.LANGUAGES)


def organisation_types():
    return forms.ModelChoiceField(
        Term.objects.current().in_scheme(Scheme.ORGANISATION_TYPE),
        label=_("Type of organisation"),
        required=False,
        empty_label=_("Choose"),
    )


def countries():
    return Registration._meta.get_field("country").formfield(
        label=_("Country"), required=False, help_text=_("Needed where no city is chosen.")
    )


def needs(event) -> dict[str, forms.Field]:
    """What a participant asks of the host, by column; interpretation only where there is any."""
    found = {
        "needs_access": lines("needs_access", _("What do you need to take part, such as a ramp or large print?")),
    }
    if event.is_in_person:
        found["needs_diet"] = lines("needs_diet", _("What do you not eat?"))
    if event.interpretation:
        found["needs_interpretation"] = forms.ChoiceField(
            label=_("Interpretation into"),
            required=False,
            choices=[("", _("I need none")), *named(event.interpretation)],
        )
    return found


def spoken(event) -> forms.Field | None:
    """The languages of an event that a participant can follow; None where there is nothing to choose."""
    codes = list(dict.fromkeys([*event.languages, *event.interpretation]))
    if len(codes) < 2:
        return None
    return forms.MultipleChoiceField(
        label=_("Which of these languages can you follow?"),
        required=False,
        choices=named(codes),
        widget=forms.CheckboxSelectMultiple,
    )


def named(codes):
    return [(code, name_in(code, current_language())) for code in codes]
