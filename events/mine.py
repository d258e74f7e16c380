"""The events of an account holder: those registered for with the account or with an address of the own."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db.models import Prefetch, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from common.waiting import Waiting
from events.models import Event, Registration, SeatAllocation
from events.participation import headline, seat_lines
from events.showing import moment_in_words, when_in_words
from events.tokens import token_of

SHOWN = 100


def own_addresses(user) -> set[str]:
    """Verified addresses of a person, in small letters."""
    found = EmailAddress.objects.filter(user=user, verified=True).values_list(Lower("email"), flat=True)
    return set(found)


def registrations_of(user):
    """Registrations by the person, or by an address that is shown to be the person's."""
    mine = Q(person=user) | Q(lower_email__in=own_addresses(user))
    return Registration.objects.annotate(lower_email=Lower("email")).filter(mine)


@dataclass(frozen=True)
class OwnEvent:
    registration: Registration
    words: str

    @property
    def event(self):
        return self.registration.event

    @property
    def when(self):
        return when_in_words(self.event, self.registration)

    @property
    def url(self):
        return page_of(self.registration)


def page_of(registration) -> str:
    """The participant's own page, in the language of the reader."""
    return reverse("events:manage", args=[registration.uid, token_of(registration)])


def own_events(user) -> tuple[list[OwnEvent], list[OwnEvent]]:
    """(upcoming, past): what one has still before oneself, soonest first, and the rest, newest first."""
    now = timezone.now()
    seats = Prefetch("allocations", SeatAllocation.objects.select_related("pool__session"))
    rows = registrations_of(user).select_related("event__city").prefetch_related(seats)
    upcoming = Event.objects.upcoming(now).exclude(status=Event.Status.CANCELLED)
    ahead = Q(event__in=upcoming.order_by().values("pk"), state__in=Registration.ACTIVE)
    return (
        [_own(row) for row in rows.filter(ahead).order_by("event__starts_at", "pk")[:SHOWN]],
        [_own(row) for row in rows.exclude(ahead).order_by("-event__starts_at", "-pk")[:SHOWN]],
    )


def _own(registration):
    return OwnEvent(registration, headline(registration, seat_lines(registration, with_positions=False)))


def asked(user):
    """Registered with `common.waiting`: offers to answer, and new dates to confirm."""
    now = timezone.now()
    own = registrations_of(user).filter(state__in=Registration.ACTIVE, event__status=Event.Status.PUBLISHED)
    offers = (
        SeatAllocation.objects.filter(
            registration__in=own.values("pk"), state=SeatAllocation.State.OFFERED, offered_until__gt=now
        )
        .select_related("registration__event")
        .order_by("offered_until")
    )
    for offer in offers:
        registration = offer.registration
        until = moment_in_words(offer.offered_until, registration.event.time_zone)
        note = _("A place is kept for you until %(moment)s.") % {"moment": until}
        yield Waiting(str(registration.event), page_of(registration), note)
    unanswered = own.filter(reconfirm_until__isnull=False, reconfirmed_at__isnull=True, event__starts_at__gt=now)
    for registration in unanswered.select_related("event").order_by("event__starts_at"):
        note = _("There is a new date, and your answer is awaited.")
        yield Waiting(str(registration.event), page_of(registration), note)
