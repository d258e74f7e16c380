"""Mails of events: who is told what, each once, in the own language, with the calendar entry where it matters.

A mail's templates are mail/events/<kind>.subject.txt and .txt. All of them are essential: whoever registered wants to know.
"""

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import translation

from common.outbox.queueing import queue_mail
from events.calendars import invitation
from events.models import Registration, SeatPool
from events.showing import moment_in_words, when_in_words
from events.tokens import token_of
from networks.emails import holders
from networks.models import RoleAssignment

State = Registration.State

KINDS = {
    State.CONFIRMED: "place",
    State.WAITLISTED: "waiting",
    State.AWAITING_APPROVAL: "awaits-approval",
    State.DECLINED: "not-admitted",
    State.LAPSED: "lapsed",
    State.WITHDRAWN: "withdrawn",
    State.REMOVED: "removed",
}
"""Kind of mail by the state that is told. An offer is told by its seat, a cancelled event by the event."""


METHODS = {State.CONFIRMED: "REQUEST", State.WITHDRAWN: "CANCEL", State.REMOVED: "CANCEL", State.LAPSED: "CANCEL"}
"""What happens to the entry in the participant's calendar."""


def announce_state(registration, step) -> None:
    """Tell a participant of a new state; to be called in its transaction."""
    kind = KINDS.get(step.to_state)
    if kind:
        tell(registration, kind, f"{step.pk}", method=METHODS.get(step.to_state, ""))


def announce_offer(allocation) -> None:
    """Tell that a seat is kept for somebody who waited, until when, and how to answer."""
    key = f"{allocation.pk}:{allocation.offered_until:%Y%m%d%H%M}"
    event = allocation.registration.event
    with translation.override(allocation.registration.language):
        until = moment_in_words(allocation.offered_until, event.time_zone)
    tell(allocation.registration, "offer", key, pool=allocation.pool, until_words=until)


def announce_seat(allocation) -> None:
    """Tell that a seat beside the first is held: in a break-out session, or in the other mode."""
    kind = "breakout-seat" if allocation.pool.kind == SeatPool.Kind.BREAKOUT else "mode-changed"
    tell(allocation.registration, kind, f"{allocation.pk}:{allocation.changed_at:%Y%m%d%H%M%S}", pool=allocation.pool)


def ask_to_confirm(registration) -> None:
    """The link by which somebody who registered shows that the address is the own one."""
    tell(registration, "confirm-address", f"{registration.token_version}", link=address(registration, "confirm"))


def remind_of_registration(registration, key) -> None:
    """To somebody who registers again: the link to what is there already."""
    tell(registration, "already-registered", key)


def tell(registration, kind, key, *, link="", method="", **context) -> None:
    """Queue one mail to a participant. `key` names the occasion among those of this kind and registration.

    With a `method` ("REQUEST", "CANCEL") the calendar entry goes with it.
    """
    if not registration.email:
        return
    event = registration.event
    with translation.override(registration.language):
        values = {
            "event_title": str(event),
            "when": when_in_words(event, registration),
            "name": registration.name,
            "contact": event.contact_email,
            "status_note": event.text("status_note", registration.language),
            "link": link or address(registration),
            "registration_mode": registration.get_mode_display(),
        } | {name: str(value) if isinstance(value, SeatPool) else value for name, value in context.items()}
        calendar = invitation(registration, method) if method else ""
    queue_mail(
        f"events/{kind}",
        to=registration.email,
        name=registration.name,
        language=registration.language,
        context=values,
        key=f"event-{kind}:{registration.pk}:{key}",
        essential=True,
        calendar=calendar,
        about=f"event:{event.pk}",
    )


def address(registration, page="manage", *, purpose="manage") -> str:
    """The participant's own page: who has the link may do what the participant may.

    Another `purpose` makes a link that opens this page alone.
    """
    with translation.override(registration.language):
        path = reverse(f"events:{page}", args=[registration.uid, token_of(registration, purpose)])
    return settings.SITE_URL.rstrip("/") + path


def announce_draft(shown, *, actor) -> None:
    """Tell the officers of a city that a practice they showed at an event waits as a draft."""
    people = holders(
        Q(role__in=[RoleAssignment.Role.FOCAL_POINT, RoleAssignment.Role.CONTRIBUTOR], city=shown.city_id)
    )
    for person in people:
        if person.pk == actor.pk:
            continue
        with translation.override(person.language):
            context = {
                "title": shown.title,
                "event_title": str(shown.event),
                "actor": str(actor),
                "link": settings.SITE_URL.rstrip("/") + reverse("workspace:write", args=[shown.practice_id]),
            }
        queue_mail(
            "events/practice-drafted",
            to=person.email,
            language=person.language,
            context=context,
            key=f"event-practice-drafted:{shown.pk}:{shown.practice_id}:{person.pk}",
            name=person.name,
            person=person,
            about=f"event:{shown.event_id}",
        )
