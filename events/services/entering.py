"""Taking the place: what an address that has shown to be the own one gets, for one or for many in one transaction.

In a rush those who press while others' seats are given wait together, and are served together: see `confirm_in_turn`.
"""

from itertools import groupby

from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from common.together import Together
from events.models import Event, Registration, SeatAllocation
from events.rules import closed_because
from events.services.seats import STATE_BY_SEAT, follow, lock_pools, request_seat, request_seats, set_state, set_states

State = Registration.State

CLOSED = {
    "draft": gettext_lazy("This event is not announced yet."),
    "postponed": gettext_lazy("The event is postponed: registration opens again with the new date."),
    "cancelled": gettext_lazy("The event is cancelled."),
    "over": gettext_lazy("The event is over."),
    "none": gettext_lazy("There is no registration here for this event."),
    "early": gettext_lazy("Registration is not open yet."),
    "late": gettext_lazy("Registration is closed."),
}
"""What a visitor is told, by `closed_because`."""

NOT_OFFERED = gettext_lazy("Choose one of those offered.")


def confirm_address(registration: Registration) -> Registration:
    """Somebody has pressed the button behind the mailed link: now it counts. Pressed twice, it counts once."""
    return _outcome(registration, confirm_addresses(registration.event_id, lambda: [registration.pk])[0])


def confirm_in_turn(registration: Registration) -> Registration:
    """As `confirm_address`, in one transaction with all who press in this process at the same moment.

    Not for use inside a transaction: that of somebody else would have to wait for its end.
    """
    return _outcome(registration, _confirm_together(registration.event_id, registration.pk))


def _outcome(registration, found):
    if found is None:
        raise Registration.DoesNotExist(f"registration {registration.pk}")
    if isinstance(found, ValidationError):
        raise found
    return found


@transaction.atomic
def confirm_addresses(event_id: int, take) -> list[Registration | ValidationError | None]:
    """Those who have pressed enter in their order; for each what came of it, None for a registration that is gone.

    `take()` gives the ids of their registrations; it is asked under the lock, so that nobody waits for another turn who
    came while this one waited. What one of them may not do changes nothing for the others.
    """
    pools = lock_pools(event_id)
    keys = take()
    event = Event.objects.select_related("city").get(pk=event_id)
    rows = Registration.objects.select_for_update().filter(event=event_id, pk__in=keys).order_by("pk")
    found = {row.pk: row for row in rows}
    now = timezone.now()
    for record in (*pools, *found.values()):
        record.event = event
    new = [found[key] for key in dict.fromkeys(keys) if key in found and found[key].state == State.UNVERIFIED]
    if _is_too_late(event, now):
        refused = {row.pk: refusal(event, now) for row in new}
    else:
        refused = _enter_all(new, pools, now)
    return [refused.get(key, found.get(key)) for key in keys]


_confirm_together = Together(confirm_addresses, shared=(OperationalError,))


def _is_too_late(event, now):
    """Who registered in time may press the button later, up to the beginning."""
    reason = closed_because(event, now)
    return bool(reason) and not (reason == "late" and event.starts_at > now)


def refusal(event, now=None) -> ValidationError:
    """What is said where registration is closed, with the reason as its code."""
    reason = closed_because(event, now)
    return ValidationError(CLOSED[reason], code=reason)


def _enter_all(registrations, pools, now):
    """{registration: what was in the way}; as `enter` one after the other, with those who only want a seat at once."""
    refused, special = {}, _special(registrations, pools)
    in_order = sorted(registrations, key=lambda row: row.mode)
    for (mode, is_special), some in groupby(in_order, key=lambda row: (row.mode, row.pk in special)):
        if not is_special:
            _enter_plainly(list(some), pool_of(pools, mode), now)
            continue
        for registration in some:
            try:
                with transaction.atomic():
                    enter(registration, pools, now)
            except ValidationError as error:
                refused[registration.pk] = error
    return refused


def _special(registrations, pools):
    """Those for whom more is to be done than to give one seat or one place in the queue."""
    keys = {row.pk for row in registrations}
    known = set(SeatAllocation.objects.filter(registration__in=keys).values_list("registration", flat=True))
    wishing = _wishes(keys, pools)
    return {
        row.pk
        for row in registrations
        if row.event.needs_approval
        or row.pk in known
        or row.pk in wishing
        or (row.mode == Registration.Mode.IN_PERSON and row.online_meanwhile)
        or not _is_offered(row.event, row.mode)
        or pool_of(pools, row.mode, needed=False) is None
    }


def _wishes(keys, pools):
    """{registration: ids of break-out sessions} of those who want any."""
    found = {}
    if any(pool.session_id for pool in pools):
        wishes = Registration.wanted_sessions.through.objects.filter(registration__in=keys)
        for key, session in wishes.values_list("registration", "session"):
            found.setdefault(key, set()).add(session)
    return found


def _enter_plainly(registrations, pool, now):
    """Each gets a seat of the pool, a place in its queue, or neither; written in a few statements for all."""
    by_state = {}
    for row, allocation in zip(registrations, request_seats(pool, registrations, now), strict=True):
        row.verified_at = now
        by_state.setdefault(allocation and allocation.state, []).append(row)
    for seat_state, some in by_state.items():
        state, note = (STATE_BY_SEAT[seat_state], "") if seat_state else (State.DECLINED, "full")
        set_states(some, state, note=note, verified_at=now)


def check_mode(event, mode) -> None:
    """Raises ValidationError where one cannot take part in this way."""
    if not _is_offered(event, mode):
        raise ValidationError({"mode": NOT_OFFERED})


def _is_offered(event, mode):
    return event.is_in_person if mode == Registration.Mode.IN_PERSON else event.is_online


def enter(registration, pools, now, actor=None):
    """A registration whose address is known takes its place: a seat, the queue, or the hosts' decision."""
    registration.verified_at = now
    registration.save(update_fields=["verified_at"])
    if registration.event.needs_approval and actor is None:
        set_state(registration, State.AWAITING_APPROVAL)
        return
    seat(registration, pools, now, actor=actor)


def seat(registration, pools, now, actor=None):
    """Give somebody who is admitted a seat of the own mode or a place in the queue, and in the break-outs wished for."""
    check_mode(registration.event, registration.mode)
    wanted = pool_of(pools, registration.mode)
    allocation = request_seat(wanted, registration, now)
    waits = allocation is None or allocation.state == SeatAllocation.State.WAITING
    if waits and registration.mode == Registration.Mode.IN_PERSON and registration.online_meanwhile:
        online = pool_of(pools, Registration.Mode.ONLINE, needed=False)
        meanwhile = online and request_seat(online, registration, now)
        if meanwhile and meanwhile.state == SeatAllocation.State.HELD:
            registration.mode = Registration.Mode.ONLINE
            registration.save(update_fields=["mode"])
        allocation = allocation or meanwhile
    if allocation is None:
        set_state(registration, State.DECLINED, note="full", actor=actor)
        return
    follow(registration, now, actor=actor)
    wishes = _wishes([registration.pk], pools).get(registration.pk, ())
    for pool in pools:
        if pool.session_id in wishes:
            request_seat(pool, registration, now)


def pool_of(pools, kind, *, needed=True):
    """The pool of a mode; raises ValidationError where a `needed` one is missing."""
    found = next((pool for pool in pools if pool.kind == kind and pool.session_id is None), None)
    if found is None and needed:
        raise ValidationError({"mode": NOT_OFFERED})
    return found
