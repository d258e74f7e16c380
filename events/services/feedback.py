"""Feedback that nobody can trace back: who was asked and who answered is known, which answer is whose is not.

What is stored of an answer has no person, no time and no counted key. PostgreSQL itself keeps more: the transaction that
wrote a row (xmin) and its place in the file (ctid), which would join an answer to the invitation that was used with it.
So each answer writes all invitations and all answers of its event anew, in one transaction and in the order of keys that
tell nothing: afterwards they all name the same transaction. What this cannot undo: somebody with the rights of the
database's owner who looks before and after each answer, at dead rows not yet cleared away, at the write-ahead log or at
backups made between two answers; and a web server's log with its times, if somebody watches the answers meanwhile.
"""

import random
from collections import Counter
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from events.emails.participating import address, tell
from events.models import Event, FeedbackInvitation, FeedbackResponse, Registration
from events.rules import runs
from events.services.attending import OVER

LEAST_ANSWERS = 5
"""Fewer are shown to nobody, neither together nor for a single question."""

RATED = ("usefulness", "exchange", "organisation")
WRITTEN = ("take_away", "improve")


@transaction.atomic
def invite(event: Event, *, actor=None) -> int:
    """Ask everybody who was there, or had a place where attendance was not taken; each once. Returns how many were asked now.

    Without an actor the hub itself asks.
    """
    if actor is not None and not runs(actor, event):
        raise PermissionDenied
    if event.status not in OVER:
        raise ValidationError(_("The event was not held yet."), code="not-held")
    states = [Registration.State.ATTENDED, Registration.State.CONFIRMED]
    people = event.registrations.filter(state__in=states, feedback_invitation=None).exclude(email="")
    asked = 0
    for registration in people.select_related("event").order_by("?"):
        _row, is_new = FeedbackInvitation.objects.get_or_create(registration=registration)
        if is_new:
            tell(registration, "feedback-asked", "", link=address(registration, "feedback", purpose="feedback"))
            asked += 1
    return asked


@transaction.atomic
def answer(registration: Registration, values: dict) -> None:
    """Store an answer to the invitation of a participant; `values` are columns of FeedbackResponse.

    Raises ValidationError "answered" for a second one.
    """
    event = registration.event
    invitations = FeedbackInvitation.objects.filter(registration__event=event)
    # Locked all and in order: two answers of one event wait for each other.
    by_registration = {
        invitation.registration_id: invitation
        for invitation in invitations.select_for_update(of=["self"]).order_by("pk")
    }
    own = by_registration[registration.pk]
    if own.is_used:
        raise ValidationError(_("You have answered already. Thank you."), code="answered")
    given = FeedbackResponse(event=event, **{name: values[name] for name in (*RATED, *WRITTEN)})
    given.full_clean()
    _rewrite(event, given)
    # All rows in one statement: the one just marked would otherwise be the only one written by this transaction.
    FeedbackInvitation.objects.filter(pk__in=[one.pk for one in by_registration.values()]).update(
        is_used=Case(When(pk=own.pk, then=Value(True)), default=F("is_used"))
    )


def _rewrite(event, given):
    """Write all answers of an event anew, ordered by their random keys."""
    answers = sorted([*FeedbackResponse.objects.filter(event=event), given], key=lambda one: one.pk)
    FeedbackResponse.objects.filter(event=event).delete()
    FeedbackResponse.objects.bulk_create(answers)


# Results -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    value: int
    count: int
    percent: int


@dataclass(frozen=True)
class Rating:
    label: str
    mean: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Results:
    """`is_shown` tells whether there are answers enough; without that, nothing but the numbers is there."""

    asked: int
    answered: int
    ratings: tuple[Rating, ...] = ()
    texts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(question, answers in random order); no answers where too few wrote any."""

    @property
    def is_shown(self):
        return self.answered >= LEAST_ANSWERS


def results(event: Event) -> Results:
    """What those who were there said, where enough of them did."""
    answers = list(FeedbackResponse.objects.filter(event=event))
    asked = FeedbackInvitation.objects.filter(registration__event=event).count()
    if len(answers) < LEAST_ANSWERS:
        return Results(asked, len(answers))
    return Results(
        asked,
        len(answers),
        tuple(_rating(name, [getattr(one, name) for one in answers]) for name in RATED),
        tuple((label(name), _shuffled([getattr(one, name) for one in answers])) for name in WRITTEN),
    )


def label(name) -> str:
    """The question, in the current language."""
    if name == "organisation":
        # The same word names a body elsewhere, and other languages have two.
        return pgettext("how an event was run", "organisation")
    return str(FeedbackResponse._meta.get_field(name).verbose_name)


def _rating(name, values):
    counts = Counter(values)
    bars = tuple(Bar(value, counts[value], round(100 * counts[value] / len(values))) for value in range(5, 0, -1))
    return Rating(label(name), round(sum(values) / len(values), 1), bars)


def _shuffled(texts):
    """Each question in an order of its own, so that nobody reads the texts of one person together."""
    written = [text for text in texts if text]
    if len(written) < LEAST_ANSWERS:
        return ()
    random.SystemRandom().shuffle(written)
    return tuple(written)
