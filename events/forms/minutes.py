"""Minutes and note pages, and what follows from an event: decisions, action items, outcomes."""

from django import forms
from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from common.forms import RichTextWidget
from common.languages import direction
from common.ordering import sort_key
from events.forms import fields
from events.models import ActionItem, Decision, MinutesRevision, Outcome, Session

LONGEST = 200_000
"""Characters of mark-up in one input; how much text fits is said by the field."""


class MinutesForm(forms.Form):
    """`base` is the number of the revision that was shown to the writer, 0 where there was none."""

    base = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    language = forms.ChoiceField(label=_("Written in"), choices=settings.LANGUAGES)
    text = forms.CharField(label=_("Text"), required=False, max_length=LONGEST, strip=False)

    def __init__(self, *args, shown_language, **kwargs):
        super().__init__(*args, **kwargs)
        attrs = {"lang": shown_language, "dir": direction(shown_language), "rows": 20}
        self.fields["text"].widget = RichTextWidget(attrs | {"class": "rich-text"})

    def clean_text(self):
        return MinutesRevision._meta.get_field("text").clean(self.cleaned_data["text"], None)


class NoteLinkForm(forms.Form):
    """To whom the link of a group's note page is sent. Whom the programme names is offered as the name."""

    name = fields.line("name", _("Name"), autocomplete="off", required=True)
    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput({"autocomplete": "off"})
    )
    language = fields.mail_language()

    def __init__(self, *args, group, **kwargs):
        super().__init__(*args, auto_id="link_%s", label_suffix="", **kwargs)
        spoken = group.language or group.session.language
        known = dict(settings.LANGUAGES)
        person = group.rapporteur or group.moderator
        self.initial = {
            "language": spoken if spoken in known else group.session.event.source_language,
            "name": person.name if person and not group.note_links.filter(name=person.name).exists() else "",
        }


class EventPartForm(forms.ModelForm):
    """Base: a record of the event, with inputs that name their language's direction."""

    def __init__(self, *args, event, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.event = event
        for field in self.fields.values():
            if isinstance(field.widget, forms.Textarea | forms.TextInput) and not isinstance(
                field.widget, forms.NumberInput | forms.URLInput
            ):
                field.widget.attrs["dir"] = "auto"
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs["rows"] = 3


class DecisionForm(EventPartForm):
    class Meta:
        model = Decision
        fields = ["text", "session", "order"]

    def __init__(self, *args, event, **kwargs):
        super().__init__(*args, event=event, **kwargs)
        self.fields["session"].queryset = event.sessions.exclude(kind=Session.Kind.PAUSE).select_related("event")


class ActionForm(EventPartForm):
    class Meta:
        model = ActionItem
        fields = ["city", "text", "due_on", "decision", "state", "note"]
        widgets = {"due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args, event, cities, language, **kwargs):
        """`cities` are those that may own one; the city that already does stays among them."""
        super().__init__(*args, event=event, **kwargs)
        found = {city.pk: city for city in cities}
        if self.instance.city_id:
            found[self.instance.city_id] = self.instance.city
        field = self.fields["city"]
        field.queryset = field.queryset.filter(pk__in=found)
        ordered = sorted(found.values(), key=lambda city: sort_key(str(city), language))
        field.choices = [("", "---------"), *((city.pk, str(city)) for city in ordered)]
        self.fields["decision"].queryset = event.decisions.all()
        self.fields["note"].help_text = _("For the hosts and the city; never in the report.")


def outcome_form(language):
    """The form class of an outcome, its texts in one language; others are translated in the administration."""
    title, description = f"title_{language}", f"description_{language}"
    form = forms.modelform_factory(Outcome, form=_OutcomeForm, fields=[title, description, "url", "order"])
    form.base_fields[title].required = True
    for column, name in ((title, "title"), (description, "description")):
        form.base_fields[column].label = capfirst(Outcome._meta.get_field(name).verbose_name)
        form.base_fields[column].widget.attrs |= {"lang": language}
    return form


class _OutcomeForm(EventPartForm):
    url = forms.URLField(label=_("Address"), required=False, max_length=500, assume_scheme="https")

    class Meta:
        model = Outcome
        fields = ()
