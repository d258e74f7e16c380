"""Registering for an event and what participants do themselves until it begins; the hosts' verbs are in `admitting`.

Each verb locks the event's pools first, then the registration, and looks only then. Raises ValidationError with a
`code` for what cannot be, PermissionDenied for who may not, OperationalError where the pools are locked for too long.
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from events.consents import CONSENTS
from events.emails.participating import ask_to_confirm, remind_of_registration
from events.models import Event, Registration, RegistrationConsent, SeatAllocation, SeatPool
from events.rules import closed_because, may_register
from events.services.entering import CLOSED, check_mode, enter, pool_of
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
    check_mode(event, values["mode"])
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
        enter(registration, pools, now)
    else:
        ask_to_confirm(registration)
    return registration


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


def locked(registration):
    """(pools, registration) as they are stored now, both locked."""
    pools = lock_pools(registration.event_id)
    rows = Registration.objects.select_for_update(of=["self"]).select_related("event__city")
    registration = rows.get(pk=registration.pk)
    for pool in pools:
        pool.event = registration.event
    return pools, registration


# What participants do themselves -----------------------------------------------------------------


@transaction.atomic
def withdraw(registration: Registration) -> bool:
    """Give everything back; False where there was nothing to give back."""
    _pools, registration = locked(registration)
    if not registration.is_active:
        return False
    end(registration, State.WITHDRAWN)
    return True


def end(registration, state, *, actor=None, note=""):
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
    pools, registration = locked(registration)
    now = timezone.now()
    _check_open_to_change(registration, now)
    check_mode(registration.event, mode)
    pool = pool_of(pools, mode)
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
    pools, registration = locked(registration)
    pool = next(one for one in pools if one.pk == pool.pk)
    waits = registration.allocations.filter(
        pool=pool, state__in=[SeatAllocation.State.WAITING, SeatAllocation.State.OFFERED]
    )
    if not waits.exists():
        return False
    now = timezone.now()
    if pool.session_id is None and not _has_other_seat(registration, pool):
        end(registration, State.WITHDRAWN)
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
    pools, registration = locked(registration)
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
    pools, registration = locked(registration)
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
    pools, registration = locked(registration)
    if not registration.is_active:
        return registration
    if not comes:
        end(registration, State.WITHDRAWN, note="new date")
        return registration
    registration.reconfirmed_at = timezone.now()
    registration.save(update_fields=["reconfirmed_at"])
    for pool in pools:
        settle(pool)
    registration.refresh_from_db(fields=["state", "mode"])
    return registration
