"""A new event, or a whole series, made after the pattern of a former one.

The copy is a draft with a calendar name of its own. It takes over texts, clock times, agenda, rooms, groups and limits of
seats. It takes over nothing of people: no registrations, nominations, speakers, minutes, documents or recordings; and no
links to join, which participants of the former event still have. Only networks that the actor keeps host it.
"""

import uuid
from copy import copy
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.calendars import last_known_time
from events.models import Event, EventSeries, EventStep, SeatPool
from events.rules import may_host, runs, runs_series
from events.services.registering import ensure_pools
from events.times import wall_clock
from networks.rules import editable_networks

LIMITS = ("capacity", "per_city_maximum", "has_waiting_list", "offer_hours")


@transaction.atomic
def duplicate_event(event: Event, *, actor, first_day: date, series: EventSeries | None = None) -> Event:
    """A draft like this event that begins on `first_day`, all else as many days later at the same clock times.

    Raises ValidationError by field where the clocks skip or repeat one of the times on its new day.
    """
    if not runs(actor, event):
        raise PermissionDenied
    networks = list(event.networks.filter(pk__in=editable_networks(actor).values("pk")))
    if not may_host(actor, networks):
        raise PermissionDenied
    clock = _clock(event)
    shift = first_day - (clock["start_date"] or _first_session_day(event) or first_day)
    new = _event_like(event, clock, shift, first_day, actor)
    new.series = series or (event.series if event.series and runs_series(actor, event.series) else None)
    new.derive_times()
    new.save()
    new.networks.set(networks)
    new.themes.set(event.themes.all())
    rooms = {room.pk: _saved(room, event=new, join_link="") for room in event.rooms.all()}
    sessions = {session.pk: _session_like(session, new, shift, rooms) for session in event.sessions.all()}
    for session in event.sessions.prefetch_related("groups"):
        for group in session.groups.all():
            room = rooms.get(group.room_id)
            _saved(group, session=sessions[session.pk], room=room, moderator=None, rapporteur=None)
    _copy_pools(event, new, shift, sessions)
    EventStep.objects.create(event=new, action=EventStep.Action.CREATED, note=f"#{event.pk}", actor=actor)
    return new


@transaction.atomic
def duplicate_series(series: EventSeries, *, actor, first_day: date) -> EventSeries:
    """A series like this one whose first event begins on `first_day`, with as many days between the events as before.

    Events of the series that the actor does not run stay out of it. Raises ValidationError as `duplicate_event`, or where
    no event of the series ever had a date.
    """
    if not runs_series(actor, series):
        raise PermissionDenied
    events = [(event, _clock(event)["start_date"]) for event in series.events.all() if runs(actor, event)]
    days = [day for _event, day in events if day]
    if not days:
        raise ValidationError(_("No event of this series has a date."), code="no-date")
    shift = first_day - min(days)
    new = _saved(series, uid=uuid.uuid4(), created_by=actor)
    new.networks.set(series.networks.filter(pk__in=editable_networks(actor).values("pk")))
    for event, day in sorted(events, key=lambda pair: pair[1] or min(days)):
        duplicate_event(event, actor=actor, first_day=(day or min(days)) + shift, series=new)
    return new


def _clock(event):
    """The event's clock times; of one without a date now, those it had before."""
    names = ("start_date", "start_time", "end_date", "end_time")
    starts_at, ends_at = last_known_time(event)
    if event.start_date or starts_at is None:
        return {name: getattr(event, name) for name in names}
    start, end = (wall_clock(moment, event.time_zone) for moment in (starts_at, ends_at))
    return dict(zip(names, (start.date(), start.time(), end.date(), end.time()), strict=True))


def _first_session_day(event):
    return event.sessions.order_by("day").values_list("day", flat=True).first()


def _event_like(event, clock, shift, first_day, actor):
    days = {name: clock[name] + shift if clock[name] else None for name in ("start_date", "end_date")}
    return _unsaved(
        event,
        **(clock | days | {"start_date": first_day}),
        uid=uuid.uuid4(),
        status=Event.Status.DRAFT,
        status_at=timezone.now(),
        status_note="",
        **{f"status_note_{code}": "" for code in _languages(event)},
        sequence=0,
        published_at=None,
        moved_online_at=None,
        needs_purged_at=None,
        online_link="",
        owner=actor,
        created_by=actor,
        closes_date=event.closes_date + shift if event.closes_date else None,
        opens_date=event.opens_date + shift if event.opens_date else None,
    )


def _languages(event):
    prefix = "status_note_"
    names = (field.name for field in event._meta.concrete_fields)
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


def _session_like(session, event, shift, rooms):
    new = _unsaved(
        session,
        event=event,
        uid=uuid.uuid4(),
        day=session.day + shift,
        room=rooms.get(session.room_id),
        moderator=None,
        rapporteur=None,
    )
    try:
        new.derive_times()
    except ValidationError as error:
        raise ValidationError([f"{session}: {text}" for text in error.messages], code="session") from error
    new.save()
    return new


def _copy_pools(event, new, shift, sessions):
    ensure_pools(new)
    made = {(pool.kind, pool.session_id): pool for pool in new.pools.all()}
    for pool in event.pools.prefetch_related("reserves"):
        session = sessions.get(pool.session_id)
        wanted = (
            made.get((pool.kind, None)) if session is None else SeatPool(event=new, kind=pool.kind, session=session)
        )
        if wanted is None:
            continue  # a mode that the event had once
        for name in LIMITS:
            setattr(wanted, name, getattr(pool, name))
        wanted.save()
        for reserve in pool.reserves.all():
            _reserve_like(reserve, wanted, shift)


def _reserve_like(reserve, pool, shift):
    new = _unsaved(reserve, pool=pool, releases_date=reserve.releases_date + shift)
    try:
        new.derive_times()
    except ValidationError as error:
        raise ValidationError([f"{reserve}: {text}" for text in error.messages], code="reserve") from error
    new.save()


def _unsaved(record, **values):
    new = copy(record)
    new.pk, new._state.adding = None, True
    new._prefetched_objects_cache = {}
    for name, value in values.items():
        setattr(new, name, value)
    return new


def _saved(record, **values):
    new = _unsaved(record, **values)
    new.save()
    return new
