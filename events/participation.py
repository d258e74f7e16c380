"""How a participant stands, in words, and what can be done about it: for the own page and for lists of one's events."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from common.templatetags.hub import number
from events.models import Event, Registration, SeatAllocation, SeatPool, Session
from events.rooms import own_rooms
from events.rules import closed_because, has_place
from events.services.entering import CLOSED
from events.services.seats import place_in_queue
from events.showing import moment_in_words

State = Registration.State
Seat = SeatAllocation.State


@dataclass(frozen=True)
class SeatLine:
    """A seat that somebody holds, is offered or waits for. `position` is None where it is not asked."""

    allocation: SeatAllocation
    position: int | None = None

    @property
    def pool(self):
        return self.allocation.pool

    @property
    def state(self):
        return self.allocation.state

    @property
    def is_offer(self):
        """An offer that can still be taken."""
        return self.state == Seat.OFFERED and self.allocation.offered_until > timezone.now()

    @property
    def waits(self):
        return self.state == Seat.WAITING

    @property
    def until(self):
        return moment_in_words(self.allocation.offered_until, self.allocation.registration.event.time_zone)

    @property
    def words(self):
        if self.state == Seat.HELD:
            return _("You have a place.")
        if self.is_offer:
            return _("A place is kept for you until %(moment)s.") % {"moment": self.until}
        if self.state == Seat.OFFERED:
            return _("The offer has ended; the place goes to the next person.")
        if self.position is None:
            return _("You are on the waiting list.")
        return _("You are number %(number)s on the waiting list.") % {"number": number(self.position)}


@dataclass(frozen=True)
class OwnSession:
    """A session of the agenda as one participant sees it: the own room and link only."""

    session: Session
    room: object
    group: object
    link: str


def seat_lines(registration, *, with_positions=True) -> list[SeatLine]:
    """Open seats of a registration, those of a mode first. `registration.allocations` may be prefetched with pools."""
    lines = []
    for allocation in registration.allocations.all():
        if allocation.state not in SeatAllocation.OPEN:
            continue
        allocation.registration = registration
        if allocation.pool.session_id:
            allocation.pool.session.event = registration.event
        waits = with_positions and allocation.state == Seat.WAITING
        lines.append(SeatLine(allocation, place_in_queue(allocation) if waits else None))
    return sorted(lines, key=lambda line: (line.pool.session_id is not None, line.pool.pk))


def headline(registration, lines) -> str:
    """The one sentence a participant looks for."""
    event = registration.event
    if event.status == Event.Status.CANCELLED or registration.state == State.EVENT_CANCELLED:
        return _("The event is cancelled.")
    ended = _ended(registration)
    if ended:
        return ended
    if registration.state == State.UNVERIFIED:
        return _("Your address is not confirmed yet.")
    if event.status == Event.Status.POSTPONED:
        return _("The event is postponed. Your registration is on hold.")
    if registration.must_reconfirm:
        return _("There is a new date, and your answer is awaited.")
    if registration.state == State.AWAITING_APPROVAL:
        return _("The hosts decide about your registration. You get a mail.")
    of_mode = [line for line in lines if line.pool.session_id is None]
    if registration.state == State.CONFIRMED:
        if event.ends_at and event.ends_at <= timezone.now():
            return _("You had a place.")
        if registration.mode == Registration.Mode.ONLINE:
            return _("You have a place online.")
        return _("You have a place on site.")
    return next((line.words for line in of_mode if line.state != Seat.HELD), _("You are on the waiting list."))


def _ended(registration):
    words = {
        State.WITHDRAWN: _("You have withdrawn."),
        State.DECLINED: _("You could not be admitted."),
        State.LAPSED: _("You did not answer in time, and the place went to the next person."),
        State.REMOVED: _("The hosts have removed this registration."),
        State.ATTENDED: _("You took part."),
        State.NO_SHOW: _("You were not seen at the event."),
    }
    return words.get(registration.state, "")


class Participation:
    """All that the own page of a participant shows; `may_…` say which buttons there are."""

    def __init__(self, registration):
        self.registration, self.event = registration, registration.event
        self.now = timezone.now()
        self.lines = seat_lines(registration)

    @property
    def headline(self):
        return headline(self.registration, self.lines)

    @property
    def has_place(self):
        return has_place(self.registration) and self.event.status in Event.TAKES_PLACE

    @property
    def is_ahead(self):
        """Announced and not begun."""
        return self.event.status == Event.Status.PUBLISHED and self.event.starts_at > self.now

    @property
    def is_settled(self):
        """In the race for seats: neither to be confirmed nor to be decided about."""
        state = self.registration.state
        return self.registration.is_active and state not in (State.UNVERIFIED, State.AWAITING_APPROVAL)

    @property
    def may_change(self):
        return self.is_ahead and self.is_settled and not self.registration.must_reconfirm

    @property
    def may_withdraw(self):
        return self.registration.is_active and (self.is_ahead or self.event.status == Event.Status.POSTPONED)

    @property
    def may_edit(self):
        return self.may_withdraw

    @property
    def may_confirm(self):
        if self.registration.state != State.UNVERIFIED:
            return False
        reason = closed_because(self.event, self.now)
        return not reason or (reason == "late" and self.event.starts_at > self.now)

    @property
    def closed_words(self):
        """Why the address cannot be confirmed any more; "" where it can."""
        return "" if self.may_confirm else CLOSED.get(closed_because(self.event, self.now), "")

    @property
    def may_return(self):
        """Whether somebody whose registration has ended could register again."""
        ended = (State.WITHDRAWN, State.LAPSED)
        return self.registration.state in ended and not closed_because(self.event, self.now)

    @property
    def on_hold(self):
        return self.registration.is_active and self.event.status == Event.Status.POSTPONED

    @property
    def has_open_poll(self):
        return any(poll.is_open for poll in self.event.polls.all())

    @property
    def must_reconfirm(self):
        return self.is_ahead and self.registration.must_reconfirm

    @property
    def reconfirm_until(self):
        return moment_in_words(self.registration.reconfirm_until, self.event.time_zone)

    @property
    def open_lines(self):
        """Offers and places in queues that have buttons."""
        return [line for line in self.lines if self.may_change and (line.is_offer or line.waits)]

    @property
    def session_lines(self):
        return [line for line in self.lines if line.pool.session_id]

    @property
    def other_mode(self):
        """The mode to change to: not where there is one, nor where the person waits for it already."""
        if self.event.mode != Event.Mode.HYBRID or not self.may_change:
            return None
        modes = Registration.Mode
        other = modes.ONLINE if self.registration.mode == modes.IN_PERSON else modes.IN_PERSON
        return None if any(line.pool.kind == other for line in self.lines) else other

    @property
    def online_link(self):
        is_online = self.registration.mode == Registration.Mode.ONLINE
        return self.event.online_link if self.has_place and is_online else ""

    def programme(self) -> list[OwnSession]:
        """Sessions with the own room; empty for whoever has no place."""
        if not self.has_place:
            return []
        held = {line.pool.session_id for line in self.lines if line.state == Seat.HELD}
        pooled = set(
            SeatPool.objects.filter(event=self.event, session__isnull=False).values_list("session", flat=True)
        )
        rooms = {own.session.pk: own for own in own_rooms([self.registration]).get(self.registration.pk, ())}
        sessions = self.event.sessions.exclude(kind=Session.Kind.PAUSE).select_related("room")
        return [
            self._own(session, rooms.get(session.pk))
            for session in sessions
            if session.pk not in pooled or session.pk in held
        ]

    def _own(self, session, own):
        if own:
            return OwnSession(session, own.room, own.group, own.link)
        session.event = self.event
        room = session.room
        if room:
            room.event = self.event
        is_online = self.registration.mode == Registration.Mode.ONLINE
        return OwnSession(session, room, None, room.join_link if room and is_online else "")
