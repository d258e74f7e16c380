"""Registering for an event and all that follows from it, up to the beginning of the event.

Each verb locks the event's pools first, then the registration, and looks only then. Raises ValidationError with a
`code` for what cannot be, PermissionDenied for who may not, OperationalError where the pools are locked for too long.
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.text import clean_line
from events.consents import CONSENTS
from events.emails import ask_to_confirm, remind_of_registration
from events.models import Event, EventStep, Nomination, Registration, RegistrationConsent, SeatAllocation, SeatPool
from events.rules import closed_because, may_register, runs
from events.services.nominating import tell_nominated
from events.services.seats import (
    OF_MODE,
    follow,
    hold,
    lock_pools,
    release,
    release_all,
    request_seat,
    set_state,
    settle,
)

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

PERSONAL = ("name", "organisation", "needs_access", "needs_diet", "message")


def ensure_pools(event: Event) -> None:
    """Make the pools that the mode of the event asks for, where they are missing; without limit until somebody sets one."""
    kinds = [kind for kind, wanted in zip(OF_MODE, (event.is_in_person, event.is_online), strict=True) if wanted]
    SeatPool.objects.bulk_create([SeatPool(event=event, kind=kind) for kind in kinds], ignore_conflicts=True)


@transaction.atomic
def register(event: Event, values: dict, *, consents, language: str, person=None, sessions=()) -> Registration:
    """Note that somebody wants to take part, and send the link that shows that the address is the own one.

    `values` are columns of Registration ("email", "name", "city", "mode", needs…), `consents` kinds of CONSENTS, `sessions`
    break-out sessions. An account's own address counts as shown already. An address that is registered gets its link
    again and no second registration; the answer is the same, so nobody learns who takes part.
    """
    pools = lock_pools(event.pk)
    event = Event.objects.get(pk=event.pk)
    now = timezone.now()
    if reason := closed_because(event, now):
        raise ValidationError(CLOSED[reason], code=reason)
    email = values["email"].strip()
    if not may_register(event, email):
        raise ValidationError(_("This event is for people who were nominated, each by e-mail."), code="not-nominated")
    _check_mode(event, values["mode"])
    _check_consents(consents)
    registered = event.registrations.active().filter(email__iexact=email).first()
    if registered:
        remind_of_registration(registered, f"{now:%Y%m%d%H}")
        return registered
    registration = Registration(event=event, person=person, language=language, **(values | {"email": email}))
    try:
        with transaction.atomic():
            registration.save()
    except IntegrityError as error:
        # Somebody with the same address was quicker, in a transaction that no pool told us of.
        raise ValidationError(_("Please try again in a moment."), code="again") from error
    own = [session for session in sessions if session.event_id == event.pk]
    registration.wanted_sessions.set(own)
    _keep_consents(registration, consents)
    if person is not None and person.email.lower() == email.lower():
        _enter(registration, pools, now)
    else:
        ask_to_confirm(registration)
    return registration


def _check_mode(event, mode):
    if not (event.is_in_person if mode == Registration.Mode.IN_PERSON else event.is_online):
        raise ValidationError({"mode": _("Choose one of those offered.")})


def _check_consents(given):
    lacking = [consent for consent in CONSENTS if consent.is_needed and consent.kind not in given]
    if lacking:
        raise ValidationError({"consents": _("Without this we cannot take the registration.")})


def _keep_consents(registration, given):
    with translation.override(registration.language):
        RegistrationConsent.objects.bulk_create(
            RegistrationConsent(
                registration=registration,
                kind=consent.kind,
                version=consent.version,
                language=registration.language,
                text=str(consent.text),
            )
            for consent in CONSENTS
            if consent.kind in given
        )
    if "list" in given:
        registration.is_listed = True
        registration.save(update_fields=["is_listed"])


@transaction.atomic
def confirm_address(registration: Registration) -> Registration:
    """Somebody has pressed the button behind the mailed link: now it counts. Pressed twice, it counts once."""
    pools, registration = _locked(registration)
    now = timezone.now()
    if registration.state != State.UNVERIFIED:
        return registration
    reason = closed_because(registration.event, now)
    if reason and not (reason == "late" and registration.event.starts_at > now):
        raise ValidationError(CLOSED[reason], code=reason)
    _enter(registration, pools, now)
    return registration


def _enter(registration, pools, now, actor=None):
    """A registration whose address is known takes its place: a seat, the queue, or the hosts' decision."""
    registration.verified_at = now
    registration.save(update_fields=["verified_at"])
    if registration.event.needs_approval and actor is None:
        set_state(registration, State.AWAITING_APPROVAL)
        return
    _seat(registration, pools, now, actor=actor)


def _seat(registration, pools, now, actor=None):
    _check_mode(registration.event, registration.mode)
    wanted = _pool(pools, registration.mode)
    allocation = request_seat(wanted, registration, now)
    waits = allocation is None or allocation.state == SeatAllocation.State.WAITING
    if waits and registration.mode == Registration.Mode.IN_PERSON and registration.online_meanwhile:
        online = _pool(pools, Registration.Mode.ONLINE, needed=False)
        meanwhile = online and request_seat(online, registration, now)
        if meanwhile and meanwhile.state == SeatAllocation.State.HELD:
            registration.mode = Registration.Mode.ONLINE
            registration.save(update_fields=["mode"])
        allocation = allocation or meanwhile
    if allocation is None:
        set_state(registration, State.DECLINED, note="full", actor=actor)
        return
    follow(registration, now, actor=actor)
    wishes = set(registration.wanted_sessions.values_list("pk", flat=True))
    for pool in pools:
        if pool.session_id in wishes:
            request_seat(pool, registration, now)


def _pool(pools, kind, *, needed=True):
    found = next((pool for pool in pools if pool.kind == kind and pool.session_id is None), None)
    if found is None and needed:
        raise ValidationError({"mode": _("Choose one of those offered.")})
    return found


def _locked(registration):
    """(pools, registration) as they are stored now, both locked."""
    pools = lock_pools(registration.event_id)
    return pools, (
        Registration.objects.select_for_update(of=["self"]).select_related("event", "person").get(pk=registration.pk)
    )


# What participants do themselves -----------------------------------------------------------------


@transaction.atomic
def withdraw(registration: Registration) -> bool:
    """Give everything back; False where there was nothing to give back."""
    _pools, registration = _locked(registration)
    if not registration.is_active:
        return False
    _end(registration, State.WITHDRAWN)
    return True


def _end(registration, state, *, actor=None, note=""):
    """End a registration first, so that what is given back goes to others; needs are of no use any more."""
    set_state(registration, state, actor=actor, note=note)
    release_all(registration, timezone.now())
    forget_needs(Registration.objects.filter(pk=registration.pk))


def forget_needs(registrations) -> int:
    """Delete what was asked for the host alone; returns how many had any."""
    held = registrations.exclude(needs_access="", needs_diet="", needs_interpretation="", message="")
    return held.update(needs_access="", needs_diet="", needs_interpretation="", message="")


@transaction.atomic
def change_mode(registration: Registration, mode: str) -> SeatAllocation:
    """Ask for a seat in the other mode. Until there is one, the person keeps the seat that is held."""
    pools, registration = _locked(registration)
    now = timezone.now()
    _check_open_to_change(registration, now)
    _check_mode(registration.event, mode)
    pool = _pool(pools, mode)
    allocation = request_seat(pool, registration, now)
    if allocation is None:
        raise ValidationError({"mode": _("All places are taken, and there is no waiting list.")}, code="full")
    if allocation.state == SeatAllocation.State.HELD:
        hold(allocation, now)
    follow(registration, now)
    return allocation


@transaction.atomic
def stop_waiting(registration: Registration, pool: SeatPool) -> bool:
    """Leave a queue, or decline an offer; a seat held elsewhere stays. Who had nothing else withdraws by that."""
    pools, registration = _locked(registration)
    pool = next(one for one in pools if one.pk == pool.pk)
    waits = registration.allocations.filter(
        pool=pool, state__in=[SeatAllocation.State.WAITING, SeatAllocation.State.OFFERED]
    )
    if not waits.exists():
        return False
    now = timezone.now()
    if pool.session_id is None and not _has_other_seat(registration, pool):
        _end(registration, State.WITHDRAWN)
        return True
    release(pool, registration, now)
    follow(registration, now)
    return True


def _has_other_seat(registration, pool):
    seats = registration.allocations.filter(pool__kind__in=OF_MODE, state__in=SeatAllocation.OPEN)
    return seats.exclude(pool=pool).exists()


@transaction.atomic
def accept_offer(registration: Registration, pool: SeatPool) -> SeatAllocation:
    """Take the seat that was offered. Raises ValidationError "expired" where that came too late."""
    pools, registration = _locked(registration)
    pool = next(one for one in pools if one.pk == pool.pk)
    now = timezone.now()
    allocation = registration.allocations.filter(pool=pool).select_related("registration", "pool").first()
    if allocation and allocation.state == SeatAllocation.State.HELD:
        return allocation
    if registration.event.status != Event.Status.PUBLISHED:
        raise ValidationError(CLOSED[closed_because(registration.event, now)], code="closed")
    is_offered = allocation and allocation.state == SeatAllocation.State.OFFERED
    if not is_offered or allocation.offered_until <= now:
        raise ValidationError(_("This offer has ended; the place went to the next person."), code="expired")
    hold(allocation, now)
    return allocation


def _check_open_to_change(registration, now):
    event = registration.event
    if not registration.is_active or registration.state in (State.UNVERIFIED, State.AWAITING_APPROVAL):
        raise ValidationError(_("This registration cannot be changed now."), code="closed")
    if event.status != Event.Status.PUBLISHED or event.starts_at <= now:
        raise ValidationError(CLOSED[closed_because(event, now) or "over"], code="closed")


@transaction.atomic
def choose_sessions(registration: Registration, sessions) -> list[SeatAllocation]:
    """Ask for seats in exactly these break-out sessions, and give back those of others."""
    pools, registration = _locked(registration)
    now = timezone.now()
    _check_open_to_change(registration, now)
    wanted = {session.pk for session in sessions if session.event_id == registration.event_id}
    registration.wanted_sessions.set(wanted)
    found = []
    for pool in pools:
        if pool.session_id in wanted:
            found.append(request_seat(pool, registration, now))
        elif pool.session_id:
            release(pool, registration, now)
    return [allocation for allocation in found if allocation]


def change_details(registration: Registration, values: dict) -> Registration:
    """Store what a participant tells of the own person; never state, event or address."""
    columns = {*PERSONAL, "needs_interpretation", "language", "time_zone", "country", "spoken", "is_listed"}
    if set(values) - columns:
        raise PermissionDenied
    for name, value in values.items():
        setattr(registration, name, value)
    registration.save(update_fields=list(values))
    return registration


@transaction.atomic
def reconfirm(registration: Registration, *, comes: bool) -> Registration:
    """The answer whether the new date suits. A no gives the seat back at once; who waits and says yes may move up."""
    pools, registration = _locked(registration)
    if not registration.is_active:
        return registration
    if not comes:
        _end(registration, State.WITHDRAWN, note="new date")
        return registration
    registration.reconfirmed_at = timezone.now()
    registration.save(update_fields=["reconfirmed_at"])
    for pool in pools:
        settle(pool)
    registration.refresh_from_db(fields=["state", "mode"])
    return registration


# What the hosts do -------------------------------------------------------------------------------


def _check_runs(actor, event):
    if not runs(actor, event):
        raise PermissionDenied


@transaction.atomic
def approve(registration: Registration, *, actor) -> Registration:
    """Admit somebody: to a seat if there is one, else to the queue."""
    pools, registration = _locked(registration)
    _check_runs(actor, registration.event)
    if registration.state != State.AWAITING_APPROVAL:
        raise ValidationError(_("This has been decided already."), code="decided")
    event, now = registration.event, timezone.now()
    if event.status != Event.Status.PUBLISHED or event.ends_at <= now:
        raise ValidationError(CLOSED[closed_because(event, now) or "over"], code="closed")
    _seat(registration, pools, now, actor=actor)
    return registration


@transaction.atomic
def decline(registration: Registration, *, actor, note="") -> Registration:
    """Do not admit somebody who awaits approval."""
    _pools, registration = _locked(registration)
    _check_runs(actor, registration.event)
    if registration.state != State.AWAITING_APPROVAL:
        raise ValidationError(_("This has been decided already."), code="decided")
    _end(registration, State.DECLINED, actor=actor, note=note)
    return registration


@transaction.atomic
def remove(registration: Registration, *, actor, note="") -> Registration:
    """Take somebody off the list, whatever the state."""
    _pools, registration = _locked(registration)
    _check_runs(actor, registration.event)
    if registration.is_active:
        _end(registration, State.REMOVED, actor=actor, note=note)
    return registration


@transaction.atomic
def enter_by_hand(event: Event, values: dict, *, language: str, actor) -> Registration:
    """Register somebody who wrote or telephoned; the hosts answer for the address. Ordinary rules of seats hold."""
    _check_runs(actor, event)
    pools = lock_pools(event.pk)
    event = Event.objects.get(pk=event.pk)
    if event.status != Event.Status.PUBLISHED or event.ends_at <= timezone.now():
        raise ValidationError(CLOSED[closed_because(event) or "over"], code="closed")
    _check_mode(event, values["mode"])
    if event.registrations.active().filter(email__iexact=values["email"]).exists():
        raise ValidationError({"email": _("This address is registered already.")}, code="registered")
    registration = Registration.objects.create(event=event, language=language, **values)
    _enter(registration, pools, timezone.now(), actor=actor)
    return registration


@transaction.atomic
def give_seat(registration: Registration, pool: SeatPool, *, actor, note: str) -> SeatAllocation:
    """Give a seat past the queue and, if need be, beyond the limit, which grows by it. That is in the event's history."""
    pools, registration = _locked(registration)
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
    locked = next(one for one in lock_pools(pool.event_id) if one.pk == pool.pk)
    for name in ("capacity", "per_city_maximum", "has_waiting_list", "offer_hours"):
        if name in values:
            setattr(locked, name, values[name])
    locked.full_clean(exclude=["event", "session"])
    locked.save()
    return settle(locked)


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
