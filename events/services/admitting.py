"""What the hosts of an event decide: whom they admit, remove or enter by hand, how many places there are.

Locks and errors as in `registering`: the pools first, ValidationError with a `code` for what cannot be, PermissionDenied
for who does not run the event, OperationalError where the pools are locked for too long.
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.text import clean_line
from events.models import Event, EventStep, Nomination, Registration, SeatAllocation, SeatPool
from events.rules import closed_because, runs
from events.services.entering import CLOSED, check_mode, enter, seat
from events.services.nominating import tell_nominated
from events.services.registering import end, locked
from events.services.seats import hold, lock_pools, settle

State = Registration.State


def _check_runs(actor, event):
    if not runs(actor, event):
        raise PermissionDenied


@transaction.atomic
def approve(registration: Registration, *, actor) -> Registration:
    """Admit somebody: to a seat if there is one, else to the queue."""
    pools, registration = locked(registration)
    _check_runs(actor, registration.event)
    if registration.state != State.AWAITING_APPROVAL:
        raise ValidationError(_("This has been decided already."), code="decided")
    event, now = registration.event, timezone.now()
    if event.status != Event.Status.PUBLISHED or event.ends_at <= now:
        raise ValidationError(CLOSED[closed_because(event, now) or "over"], code="closed")
    seat(registration, pools, now, actor=actor)
    return registration


@transaction.atomic
def decline(registration: Registration, *, actor, note="") -> Registration:
    """Do not admit somebody who awaits approval."""
    _pools, registration = locked(registration)
    _check_runs(actor, registration.event)
    if registration.state != State.AWAITING_APPROVAL:
        raise ValidationError(_("This has been decided already."), code="decided")
    end(registration, State.DECLINED, actor=actor, note=note)
    return registration


@transaction.atomic
def remove(registration: Registration, *, actor, note="") -> Registration:
    """Take somebody off the list, whatever the state."""
    _pools, registration = locked(registration)
    _check_runs(actor, registration.event)
    if registration.is_active:
        end(registration, State.REMOVED, actor=actor, note=note)
    return registration


@transaction.atomic
def enter_by_hand(event: Event, values: dict, *, language: str, actor) -> Registration:
    """Register somebody who wrote or telephoned; the hosts answer for the address. Ordinary rules of seats hold."""
    _check_runs(actor, event)
    pools = lock_pools(event.pk)
    event = Event.objects.get(pk=event.pk)
    if event.status != Event.Status.PUBLISHED or event.ends_at <= timezone.now():
        raise ValidationError(CLOSED[closed_because(event) or "over"], code="closed")
    check_mode(event, values["mode"])
    if event.registrations.active().filter(email__iexact=values["email"]).exists():
        raise ValidationError({"email": _("This address is registered already.")}, code="registered")
    registration = Registration.objects.create(event=event, language=language, **values)
    enter(registration, pools, timezone.now(), actor=actor)
    return registration


@transaction.atomic
def give_seat(registration: Registration, pool: SeatPool, *, actor, note: str) -> SeatAllocation:
    """Give a seat past the queue and, if need be, beyond the limit, which grows by it. That is in the event's history."""
    pools, registration = locked(registration)
    _check_runs(actor, registration.event)
    if not registration.is_active or registration.event.status != Event.Status.PUBLISHED:
        raise ValidationError(_("This registration cannot be changed now."), code="closed")
    pool = next(one for one in pools if one.pk == pool.pk)
    now = timezone.now()
    allocation = SeatAllocation.objects.filter(pool=pool, registration=registration).first()
    allocation = allocation or SeatAllocation(pool=pool, registration=registration)
    if allocation.state == SeatAllocation.State.HELD:
        return allocation
    others = pool.allocations.filter(state__in=[SeatAllocation.State.HELD, SeatAllocation.State.OFFERED])
    taken = others.exclude(pk=allocation.pk).count()
    is_beyond = pool.capacity is not None and taken >= pool.capacity
    if is_beyond:
        pool.capacity = taken + 1
        pool.save(update_fields=["capacity"])
    allocation.registration, allocation.pool = registration, pool
    if registration.verified_at is None:
        registration.verified_at = now
        registration.save(update_fields=["verified_at"])
    hold(allocation, now, is_overbooked=is_beyond, actor=actor)
    EventStep.objects.create(
        event=registration.event,
        action=EventStep.Action.OVERBOOKED,
        note=clean_line(note)[:500],
        sequence=registration.event.sequence,
        actor=actor,
    )
    return allocation


@transaction.atomic
def change_pool(pool: SeatPool, values: dict, *, actor) -> list[SeatAllocation]:
    """Change the limits of a pool; whom that lets in moves up, and fewer places remove nobody."""
    _check_runs(actor, pool.event)
    pool = next(one for one in lock_pools(pool.event_id) if one.pk == pool.pk)
    for name in ("capacity", "per_city_maximum", "has_waiting_list", "offer_hours"):
        if name in values:
            setattr(pool, name, values[name])
    pool.full_clean(exclude=["event", "session"])
    pool.save()
    return settle(pool)


@transaction.atomic
def nominate(event: Event, email: str, *, actor, name="", city=None, language=None, registration=None) -> Nomination:
    """Let somebody register for an event that is for nominated people, and mail the link once the event is announced.

    Who was nominated stays so.
    """
    _check_runs(actor, event)
    values = {"name": name, "city": city, "from_registration": registration, "nominated_by": actor}
    if language:
        values["language"] = language
    found = Nomination.objects.filter(event=event, email__iexact=email).first()
    found = found or Nomination.objects.create(event=event, email=email, **values)
    tell_nominated(event)
    found.refresh_from_db(fields=["told_at"])
    return found
