"""The forms with which people say what they want to get."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.forms import time_zones
from common.languages import current_language, own_name, site_languages
from events.forms.fields import Trap
from newsletters.addresses import spelled
from newsletters.clocks import known_zone
from newsletters.models import Frequency, SavedSearch
from newsletters.saved_searches import label_of
from newsletters.saved_searches import spelled as spelled_search
from newsletters.wishes import HUB, Wishes, newsletter_names, usual_zone
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version
from vocabularies.models import Scheme, Term

MOST_LANGUAGES = 4
ORDINALS = (_("I read best"), _("Then"), _("Then, too"), _("And then"))
ALL, SEARCHES = "all", "searches"
_HUB_KEY = "hub"


class AddressField(forms.EmailField):
    """Becomes the one spelling under which an address is kept."""

    def __init__(self, **options):
        widget = forms.EmailInput({"autocomplete": "email"})
        super().__init__(**{"label": _("E-mail address"), "max_length": 254, "widget": widget} | options)

    def clean(self, value):
        return spelled(super().clean(value))


class LabelField(forms.CharField):
    """The name of a saved search, measured by its column."""

    def clean(self, value):
        value = super().clean(value)
        return SavedSearch._meta.get_field("label").clean(value, None) if value else ""


class PreferencesForm(forms.Form):
    """All choices of a subscriber. `wishes` are the present ones, `searches` whether any search is saved."""

    def __init__(self, data=None, *, wishes: Wishes, searches=False, **options):
        super().__init__(data, label_suffix="", **options)
        self._has_searches = searches
        self._ask_for_digests()
        self._ask_for_newsletters()
        self._ask_for_languages()
        self.initial |= self._initial_of(wishes)

    def _ask_for_digests(self):
        often = [("", _("Not at all")), *Frequency.choices]
        self.fields["practices"] = forms.ChoiceField(label=_("New practices"), choices=often, required=False)
        if self._has_searches:
            self.fields["practices_which"] = forms.ChoiceField(
                label=_("Which new practices?"),
                choices=[
                    (SEARCHES, _("Only what my saved searches find")),
                    (ALL, _("All that fit the choices below")),
                ],
                widget=forms.RadioSelect,
            )
        self.fields["events"] = forms.ChoiceField(
            label=_("New events, and events that move or are cancelled"), choices=often, required=False
        )
        self.fields["themes"] = _Boxes(self._themes, label=_("Only these themes"), help_text=_("None means all."))
        self.fields["networks"] = _Boxes(
            self._networks, label=_("Only of these networks"), help_text=_("None means all.")
        )
        self.fields["only_mine"] = forms.BooleanField(
            label=_("Only what can be read in one of my languages"), required=False
        )

    def _ask_for_newsletters(self):
        choices = [(_HUB_KEY if pk is HUB else str(pk), name) for pk, name in self._names.items()]
        self.fields["newsletters"] = forms.MultipleChoiceField(
            label=_("Newsletters"), choices=choices, required=False, widget=forms.CheckboxSelectMultiple
        )

    def _ask_for_languages(self):
        named = [(code, own_name(code)) for code in site_languages()]
        for number, label in enumerate(ORDINALS[: len(named)], start=1):
            choices = named if number == 1 else [("", _("No other")), *named]
            self.fields[f"language_{number}"] = forms.ChoiceField(label=label, choices=choices, required=number == 1)
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"),
            choices=lambda: [(name, name) for name in time_zones()],
            help_text=_("Digests come in the morning by this clock."),
        )

    def _initial_of(self, wishes):
        found = {f"language_{number}": code for number, code in enumerate(wishes.languages, start=1)}
        return found | {
            "practices": wishes.practices,
            "practices_which": SEARCHES if wishes.only_searches else ALL,
            "events": wishes.events,
            "themes": wishes.themes,
            "networks": wishes.networks,
            "only_mine": wishes.only_mine,
            "newsletters": [_HUB_KEY if pk is HUB else str(pk) for pk in wishes.newsletters],
            "time_zone": wishes.time_zone or usual_zone(current_language()),
        }

    @cached_property
    def _names(self):
        return newsletter_names()

    @cached_property
    def _themes(self):
        terms = Term.objects.in_scheme(Scheme.THEME).current()
        labels = {value.key: value.label for value in self._catalogue.of_facet("theme")}
        return [(term.pk, labels.get(term.code, str(term))) for term in terms]

    @cached_property
    def _catalogue(self):
        return catalogue(current_language(), library_version()[1])

    @property
    def _networks(self):
        return [(pk, name) for pk, name in self._names.items() if pk is not HUB]

    def clean(self):
        cleaned = super().clean()
        codes = [cleaned[name] for name in self._language_names if cleaned.get(name)]
        for name, code in ((name, cleaned.get(name)) for name in reversed(self._language_names)):
            if code and codes.count(code) > 1:
                self.add_error(name, _("Choose each language once."))
                break
        return cleaned

    @property
    def _language_names(self):
        return [name for name in self.fields if name.startswith("language_")]

    def wishes(self) -> Wishes:
        """What was chosen, of a valid form."""
        data = self.cleaned_data
        return Wishes(
            languages=tuple(data[name] for name in self._language_names if data[name]),
            time_zone=data["time_zone"],
            practices=data["practices"],
            events=data["events"],
            newsletters=tuple(HUB if key == _HUB_KEY else int(key) for key in data["newsletters"]),
            themes=data["themes"],
            networks=data["networks"],
            only_mine=data["only_mine"],
            only_searches=bool(data["practices"]) and data.get("practices_which") == SEARCHES,
        )

    def parts(self):
        """Bound fields of the page's sections, by their names."""
        bound = lambda *names: [self[name] for name in names if name in self.fields]  # noqa: E731
        return {
            "digests": bound("practices", "practices_which", "events"),
            "filters": bound("themes", "networks", "only_mine"),
            "newsletters": bound("newsletters"),
            "languages": bound(*self._language_names),
            "clock": bound("time_zone"),
        }

    @property
    def has_filters(self):
        """Whether the part with filters should stand open."""
        names = ("themes", "networks", "only_mine")
        return any(self[name].value() for name in names) or any(name in self.errors for name in names)


class _Boxes(forms.TypedMultipleChoiceField):
    """Ids to tick; becomes a tuple of them in the order of the choices."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, choices, **options):
        super().__init__(choices=choices, coerce=int, required=False, **options)

    def clean(self, value):
        chosen = set(super().clean(value))
        return tuple(pk for pk, _label in self.choices if pk in chosen)


class SubscribeForm(PreferencesForm):
    """The same for somebody who is not known yet, or not signed in: with the address, and perhaps one search to save."""

    email = AddressField()
    search = forms.CharField(required=False, widget=forms.HiddenInput)
    search_label = LabelField(label=_("Name of the search"), required=False, widget=forms.TextInput({"dir": "auto"}))
    website = Trap()

    def __init__(self, data=None, *, search="", newsletter="", email="", **options):
        search = spelled_search(data.get("search", "") if data else search)
        language = current_language()
        wishes = Wishes(
            languages=(language,), practices=Frequency.WEEKLY if search else "", only_searches=bool(search)
        )
        super().__init__(data, wishes=wishes, searches=bool(search), **options)
        self.search = search
        self.initial |= {"email": email, "search": search, "search_label": label_of(search) if search else ""}
        if newsletter in dict(self.fields["newsletters"].choices):
            self.initial["newsletters"] = [newsletter]
        if not search:
            del self.fields["search_label"]

    def clean(self):
        cleaned = super().clean()
        if self.search and "practices" in cleaned and not cleaned["practices"]:
            self.add_error("practices", _("What the search finds comes with these: choose how often."))
        chosen = (cleaned.get("practices"), cleaned.get("events"), cleaned.get("newsletters"))
        if not any(chosen) and not {"practices", "events", "newsletters"} & set(self.errors):
            self.add_error(None, _("Choose at least one digest or newsletter."))
        return cleaned

    @property
    def is_trapped(self):
        return bool(self.data.get("website"))

    def wishes(self) -> Wishes:
        wishes = super().wishes()
        if not self.search:
            return wishes
        label = self.cleaned_data.get("search_label") or label_of(self.search)
        values = {name: getattr(wishes, name) for name in wishes.__slots__} | {"searches": ((label, self.search),)}
        return Wishes(**values)

    def parts(self):
        search = [self["search_label"]] if self.search else []
        return super().parts() | {"search": search}


class PauseForm(forms.Form):
    until = forms.DateField(
        label=_("Send nothing before"), widget=forms.DateInput({"type": "date"}), help_text=_("At most a year ahead.")
    )

    def __init__(self, *args, zone="", **options):
        """`zone`: by whose clock a day is over."""
        super().__init__(*args, **options)
        self._zone = known_zone(zone)

    def clean_until(self):
        until = self.cleaned_data["until"]
        if until <= timezone.localdate(timezone=self._zone):
            raise ValidationError(_("Choose a day after today, within a year."))
        return until


class NewAddressForm(forms.Form):
    email = AddressField(label=_("New e-mail address"))


class SearchLabelForm(forms.Form):
    label = LabelField(label=_("Name"), widget=forms.TextInput({"dir": "auto"}))
