"""The form with which somebody registers. It asks for what the event needs, and for nothing it does not."""

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from common.languages import current_language
from events.consents import CONSENTS
from events.forms import fields
from events.forms.cities import CityField
from events.models import Registration, SeatPool
from networks.models import City
from networks.rules import roles_of
from practices.forms.names import city_label

Mode = Registration.Mode
PERSON = ("name", "email", "city", "country", "organisation", "stakeholder", "language", "spoken")
PART = ("mode", "online_meanwhile", "sessions")
NEEDS = ("needs_access", "needs_diet", "needs_interpretation")


class SessionChoice(forms.MultipleChoiceField):
    """Break-out sessions with seats of their own; becomes the sessions themselves."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, availability, **options):
        self.sessions = {str(one.pool.session_id): one.pool.session for one in availability if one.pool.session_id}
        choices = [
            (str(one.pool.session_id), _("%(session)s: %(free)s") % {"session": one.pool.session, "free": one.words})
            for one in availability
            if one.pool.session_id
        ]
        super().__init__(required=False, choices=choices, **options)

    def clean(self, value):
        return [self.sessions[key] for key in super().clean(value)]


class RegistrationForm(forms.Form):
    """`availability` is what `availability_of` says of the event, `user` whoever is signed in or nobody.

    With a `nomination` it is for that address and no other.
    """

    name = fields.line("name", _("Your name"), autocomplete="name", required=True)
    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput({"autocomplete": "email"})
    )
    organisation = fields.line("organisation", _("Organisation"), autocomplete="organization")
    time_zone = fields.TimeZoneField()
    website = fields.Trap()

    def __init__(self, data=None, *, event, availability, user, nomination=None, **options):
        self.event, self.user = event, user
        self.modes = [one for one in availability if one.pool.kind in Mode.values and not one.is_shut]
        known = self._known_of(user) | (self._told_by(nomination) if nomination else {})
        super().__init__(data, initial=known, label_suffix="", **options)
        self.fields["email"].disabled = nomination is not None
        self._ask_for_the_person()
        self._ask_for_the_part(availability)
        self.fields |= fields.needs(event)
        self.fields["message"] = fields.lines("message", _("Message to the hosts"))
        for consent in CONSENTS:
            self.fields[f"consent_{consent.kind}"] = forms.BooleanField(label=consent.text, required=consent.is_needed)

    def _known_of(self, user):
        known = {"language": current_language(), "mode": self.modes[0].pool.kind if self.modes else None}
        if current_language() in self.event.languages:
            known["spoken"] = [current_language()]
        if not user.is_authenticated:
            return known
        cities = list(City.objects.filter(pk__in=roles_of(user).cities)[:2])
        known |= {"name": user.name, "email": user.email, "time_zone": user.time_zone}
        return known | ({"city": city_label(cities[0])} if len(cities) == 1 else {})

    @staticmethod
    def _told_by(nomination):
        told = {"email": nomination.email, "name": nomination.name}
        return told | ({"city": city_label(nomination.city)} if nomination.city else {})

    def _ask_for_the_person(self):
        self.fields["city"] = CityField(
            self.event,
            label=_("City"),
            help_text=_("Type the first letters. Leave it empty if you come from elsewhere."),
        )
        self.fields["country"] = fields.countries()
        self.fields["stakeholder"] = fields.organisation_types()
        self.fields["language"] = fields.mail_language()
        if spoken := fields.spoken(self.event):
            self.fields["spoken"] = spoken
        if self.fields["email"].disabled:
            self.fields["email"].help_text = _("You were nominated with this address.")
        elif self.user.is_authenticated:
            self.fields["email"].help_text = _("With the address of your account you need not confirm by mail.")

    def _ask_for_the_part(self, availability):
        if self.event.mode == self.event.Mode.HYBRID:
            self.fields["mode"] = forms.ChoiceField(
                label=_("How do you take part?"),
                widget=forms.RadioSelect,
                choices=[
                    (one.pool.kind, _("%(mode)s: %(free)s") % {"mode": one.pool, "free": one.words})
                    for one in self.modes
                ],
            )
            if {one.pool.kind for one in self.modes} == set(Mode.values):
                self.fields["online_meanwhile"] = forms.BooleanField(
                    label=_("While I wait for a place on site I take part online"), required=False
                )
        sessions = SessionChoice(availability, label=_("Break-out sessions"))
        if sessions.choices:
            sessions.help_text = _("They have places of their own.")
            self.fields["sessions"] = sessions

    def clean(self):
        cleaned = super().clean()
        # A city that was not found has its own error.
        if not (cleaned.get("city") or cleaned.get("country") or "city" in self.errors or "country" in self.errors):
            self.add_error("country", _("Choose a city or a country."))
        return cleaned

    def parts(self):
        """Bound fields of the page's sections, by their names."""
        return {
            "person": self._bound(PERSON),
            "part": self._bound(PART),
            "needs": self._bound(NEEDS),
            "message": self._bound(("message",)),
            "consents": self._bound([f"consent_{consent.kind}" for consent in CONSENTS]),
        }

    def _bound(self, names):
        return [self[name] for name in names if name in self.fields]

    @cached_property
    def is_own(self):
        """Whether the signed-in person registers with the address of the account."""
        return self.user.is_authenticated and self.cleaned_data["email"].lower() == self.user.email.lower()

    @property
    def is_trapped(self):
        return bool(self.data.get("website"))

    def values(self) -> dict:
        """Columns of the registration."""
        columns = ("name", "email", "city", "organisation", "stakeholder", "country", "time_zone", "message")
        found = {name: self.cleaned_data[name] for name in columns}
        found["spoken"] = self.cleaned_data.get("spoken", [])
        found["mode"] = self.cleaned_data.get("mode") or self._only_mode()
        found["online_meanwhile"] = self.cleaned_data.get("online_meanwhile", False)
        if found["city"]:
            found["country"] = found["city"].country.code
        return found | {name: self.cleaned_data[name] for name in NEEDS if name in self.fields}

    def _only_mode(self):
        return SeatPool.Kind.IN_PERSON if self.event.is_in_person else SeatPool.Kind.ONLINE

    def consents(self) -> list[str]:
        return [consent.kind for consent in CONSENTS if self.cleaned_data[f"consent_{consent.kind}"]]
