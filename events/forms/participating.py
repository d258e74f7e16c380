"""What a participant changes on the own page."""

from django import forms
from django.utils.translation import gettext_lazy as _

from events.forms import fields
from events.forms.registering import NEEDS, SessionChoice
from events.models import BreakoutGroup, Session

RANKS = (_("First wish"), _("Second wish"), _("Third wish"))


class DetailsForm(forms.Form):
    """Own words, needs and language; never the address, which the link belongs to."""

    name = fields.line("name", _("Your name"), autocomplete="name", required=True)
    organisation = fields.line("organisation", _("Organisation"), autocomplete="organization")

    def __init__(self, data=None, *, registration, **options):
        event = registration.event
        super().__init__(data, auto_id="details_%s", label_suffix="", **options)
        self.fields["language"] = fields.mail_language()
        if spoken := fields.spoken(event):
            self.fields["spoken"] = spoken
        self.fields |= fields.needs(event)
        for name in NEEDS:
            if name in self.fields and not self.fields[name].help_text:
                self.fields[name].help_text = _("Deleted after the event.")
        self.fields["message"] = fields.lines("message", _("Message to the hosts"))
        self.fields["is_listed"] = forms.BooleanField(
            label=_("Other participants may see my name and city."), required=False
        )
        self.initial = {name: getattr(registration, name) for name in self.fields}


class SessionsForm(forms.Form):
    """Exactly these break-out sessions; what is not ticked is given back."""

    def __init__(self, data=None, *, registration, availability, **options):
        super().__init__(data, auto_id="sessions_%s", label_suffix="", **options)
        self.fields["sessions"] = SessionChoice(
            availability, label=_("Break-out sessions"), help_text=_("A place that is not ticked is given back.")
        )
        self.initial = {"sessions": [str(pk) for pk in registration.wanted_sessions.values_list("pk", flat=True)]}


class WishesForm(forms.Form):
    """Up to three groups of each break-out session, the dearest first."""

    def __init__(self, data=None, *, registration, **options):
        super().__init__(data, auto_id="wishes_%s", label_suffix="", **options)
        self.groups = {}
        wished = dict(registration.wishes.values_list("group", "rank"))
        by_session = {}
        groups = BreakoutGroup.objects.filter(
            session__event=registration.event, session__kind=Session.Kind.BREAKOUT
        ).select_related("session")
        for group in groups.order_by("session__starts_at", "session", "order", "pk"):
            group.session.event = registration.event
            by_session.setdefault(group.session_id, []).append(group)
        self.sessions = []
        for offered in by_session.values():
            if len(offered) > 1:
                self._ask(offered, wished)

    def _ask(self, offered, wished):
        session, names = offered[0].session, []
        self.groups |= {str(group.pk): group for group in offered}
        choices = [("", _("No wish")), *((str(group.pk), str(group)) for group in offered)]
        ranked = {rank: str(group.pk) for group in offered if (rank := wished.get(group.pk))}
        for rank, label in enumerate(RANKS[: len(offered)], start=1):
            name = f"wish-{session.pk}-{rank}"
            self.fields[name] = forms.ChoiceField(label=label, required=False, choices=choices)
            self.initial[name] = ranked.get(rank, "")
            names.append(name)
        self.sessions.append((session, names))

    def clean(self):
        cleaned = super().clean()
        for _session, names in self.sessions:
            seen = set()
            for name in names:
                key = cleaned.get(name)
                if key and key in seen:
                    self.add_error(name, _("Choose each group once."))
                seen.add(key)
        return cleaned

    def ranked(self) -> list:
        """[(rank, group)]; gaps are closed, for a second wish without a first is a first."""
        found = []
        for _session, names in self.sessions:
            chosen = [self.groups[self.cleaned_data[name]] for name in names if self.cleaned_data.get(name)]
            found += enumerate(chosen, start=1)
        return found

    def by_session(self):
        """[(session, bound fields)], for the page."""
        return [(session, [self[name] for name in names]) for session, names in self.sessions]
