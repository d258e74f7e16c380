"""Mails to those who take part: who is told what, each once, in the own language, with the calendar entry where it matters.

All of them are essential: whoever registered wants to know.
"""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone, translation

from common.addresses import absolute
from common.languages import current_language
from common.localized import localized
from common.models import OutboxMail
from common.outbox.queueing import queue_mails, unlinked, write_mail
from events.calendars import Invitations, personal_address
from events.emails.nominating import nomination_address
from events.models import Nomination, Registration, SeatPool
from events.showing import moment_in_words, when_in_words, where_in_words
from events.tokens import token_of

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


OWN_DATA = "own-data"
"""Purpose of the secret that opens all that is held about an address, not one registration alone."""

METHODS = {State.CONFIRMED: "REQUEST", State.WITHDRAWN: "CANCEL", State.REMOVED: "CANCEL", State.LAPSED: "CANCEL"}
"""What happens to the entry in the participant's calendar."""


def announce_states(changes) -> None:
    """Tell participants of new states, given as pairs of registration and step; to be called in their transaction."""
    known = {}
    queue_mails([_news_of(registration, step, known) for registration, step in changes])


def _news_of(registration, step, known):
    kind = KINDS.get(step.to_state)
    if not kind:
        return None
    method = METHODS.get(step.to_state, "")
    if method == "CANCEL" and step.from_state != State.CONFIRMED:
        method = ""  # Who never had a place has no entry that could be taken away.
    return _written(registration, kind, f"{step.pk}", method=method, known=known)


def announce_offer(allocation) -> None:
    """Tell that a seat is kept for somebody who waited, until when, and how to answer."""
    key = f"{allocation.pk}:{allocation.offered_until:%Y%m%d%H%M}"
    event = allocation.registration.event
    with translation.override(allocation.registration.language):
        until = moment_in_words(allocation.offered_until, event.time_zone)
    tell(allocation.registration, "offer", key, pool=allocation.pool, until_words=until)


def announce_seat(allocation) -> None:
    """Tell that a seat beside the first is held: in a break-out session, or in the other mode."""
    key = f"{allocation.pk}:{allocation.changed_at:%Y%m%d%H%M%S}"
    kind, method = (
        ("breakout-seat", "") if allocation.pool.kind == SeatPool.Kind.BREAKOUT else ("mode-changed", "REQUEST")
    )
    tell(allocation.registration, kind, key, method=method, pool=allocation.pool)


def ask_to_confirm(registration) -> None:
    """The link by which somebody who registered shows that the address is the own one."""
    tell(registration, "confirm-address", f"{registration.token_version}", link=address(registration, "confirm"))


def announce_calendar(registration, holder, key) -> None:
    """The address at which a calendar program finds all events of this address."""
    with translation.override(registration.language):
        link = personal_address(holder)
    tell(registration, "my-calendar", f"{holder.token_version}:{key}", link=link)


def tell_of_own_data(registration, key) -> None:
    """The link to all that is held about this address, at every event: for the mailbox alone."""
    tell(registration, "own-data", key, link=address(registration, "registration-data", purpose=OWN_DATA))


def remind_of_registration(registration, key) -> None:
    """To somebody who registers again: the link to what is there already."""
    tell(registration, "already-registered", key)


BURST = timedelta(minutes=10)
"""Changes of the programme within it are told in one mail, as things stand after the last of them."""


def tell_programme(registration, sessions) -> None:
    """That own sessions or rooms changed: one mail for a burst of changes. `sessions` gives the lines that tell all of them.

    To be called in the transaction of the change. A mail that waits is locked first, so that no worker takes it away.
    """
    now = timezone.now()
    begun = _programme_mails(registration).select_for_update().filter(not_before__gt=now).first()
    key = begun.key.rpartition(":")[2] if begun else f"{registration.event.sequence}"
    tell(
        registration,
        "programme-changed",
        key,
        method="REQUEST",
        not_before=now + BURST,
        replaces=True,
        sessions=sessions,
    )


def _programme_mails(registration):
    """Those that have not left yet."""
    prefix = f"event-programme-changed:{registration.pk}:"
    return OutboxMail.objects.filter(key__startswith=prefix, state=OutboxMail.State.WAITING)


def tell(
    registration, kind, key, *, link="", method="", known=None, not_before=None, replaces=False, **context
) -> None:
    """Queue one mail to a participant. `key` names the occasion among those of this kind and registration.

    With a `method` ("REQUEST", "CANCEL") the calendar entry goes with it. A value of `context` that can be called is
    called in the participant's language. `known`, a dictionary, keeps what mails of one moment share.
    """
    values = {"link": link, "method": method, "known": known, "not_before": not_before}
    queue_mails([_written(registration, kind, key, **values, **context)], replaces=replaces)


def _written(registration, kind, key, *, link="", method="", known=None, not_before=None, **context):
    """The mail of `tell`; None for somebody whose address was erased."""
    if not registration.email:
        return None
    event = registration.event
    with translation.override(registration.language):
        values = {
            "event_title": str(event),
            "event_link": _event_address(registration),
            "when": when_in_words(event, registration),
            "where": where_in_words(event, registration),
            "name": unlinked(registration.name),
            "contact": event.contact_email,
            "status_note": localized(event, "status_note", current_language(), event.source_language).text,
            "link": link or address(registration),
        } | {name: _in_words(value) for name, value in context.items()}
        if method == "CANCEL":
            # Who does not come any more is not told of rooms ten minutes later.
            _programme_mails(registration).update(state=OutboxMail.State.CANCELLED)
        has_entry = method == "CANCEL" or event.starts_at is not None
        calendar = _invitation(registration, method, known) if method and has_entry else ""
    values["links"] = [values["event_link"], values.get("join_link", "")]
    return write_mail(
        f"events/{kind}",
        to=registration.email,
        name=registration.name,
        language=registration.language,
        context=values,
        key=f"event-{kind}:{registration.pk}:{key}",
        essential=True,
        secret=True,
        calendar=calendar,
        about=f"event:{event.pk}",
        not_before=not_before,
    )


def _invitation(registration, method, known):
    known = {} if known is None else known
    group = registration.event_id, registration.language
    if group not in known:
        known[group] = Invitations(registration.event_id)
    return known[group].to(registration, method, address(registration))


def _in_words(value):
    if callable(value):
        return value()
    return str(value) if isinstance(value, SeatPool) else value


def address(registration, page="manage", *, purpose="manage") -> str:
    """The participant's own page: who has the link may do what the participant may.

    Another `purpose` makes a link that opens this page alone.
    """
    with translation.override(registration.language):
        path = reverse(f"events:{page}", args=[registration.uid, token_of(registration, purpose)])
    return absolute(path)


def _event_address(registration):
    """The event's page; of an event that not everybody sees the one that a nomination opens, where there is one."""
    event = registration.event
    if registration.person_id is None and event.visibility == event.Visibility.NETWORK:
        nomination = Nomination.objects.filter(event=event, email__iexact=registration.email).first()
        if nomination:
            return nomination_address(nomination)
    return absolute(event.get_absolute_url())
