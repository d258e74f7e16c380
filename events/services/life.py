"""The life of an event: draft, announced, postponed or moved, held, reported, archived; or cancelled.

Each verb locks the event's pools, then the event, looks only then, and in the same transaction records the step and
queues the mails. All return the event as it is stored then. They raise PermissionDenied for who does not run the event,
and ValidationError with a `code` for what cannot be.
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.languages import in_all_languages
from events import notices
from events.models import DatePoll, Event, EventStep, Registration, SeatAllocation
from events.retention import needs_are_forgotten
from events.rules import may_answer_for, may_host, runs
from events.services import holding
from events.services.attending import settle_attendance
from events.services.dates import WHEN, Deadlines, change_date, last_beginning
from events.services.nominating import tell_nominated
from events.services.registering import ensure_pools
from events.services.seats import OF_MODE, lock_pools, settle

Status, Action = Event.Status, EventStep.Action

CLOCK = (*WHEN, "time_zone")
TOLD = {
    "time": ("starts_at", "ends_at"),
    "place": ("city_id", "venue", "address", "online_link"),
    "mode": ("mode",),
    "title": tuple(in_all_languages("title")),
}
"""What calendars and participants must learn of, by the word it is told with; other texts change without a mail."""

COLUMNS = {field.name for field in Event._meta.get_fields() if getattr(field, "editable", False)} - {"id"}


@transaction.atomic
def create_event(values: dict, networks, *, actor) -> Event:
    """A draft of these networks; `values` are columns of Event, lists of terms under "themes"."""
    if not may_host(actor, networks):
        raise PermissionDenied
    _check_own(networks, actor)
    _check_columns(values)
    columns = {name: value for name, value in values.items() if name != "themes"}
    event = Event(**({"owner": actor, "created_by": actor} | columns))
    event.full_clean()
    event.save()
    event.networks.set(networks)
    event.themes.set(values.get("themes", ()))
    _step(event, Action.CREATED, actor)
    return event


@transaction.atomic
def edit_event(event: Event, changes: dict, *, actor, seen_at=None) -> Event:
    """Change columns, "themes" and "networks"; who has a place or waits is told once of a new time, place, mode or title.

    `seen_at` is the `updated_at` of the event that the editor saw, by default that of `event`: where somebody else was
    quicker nothing is changed (code "stale"). Other texts change without a mail.
    """
    seen_at = seen_at or event.updated_at
    _pools, event = _locked(event, actor)
    if event.updated_at != seen_at:
        raise ValidationError(_("Somebody else has changed this meanwhile. Look at it again first."), code="stale")
    _check_columns(changes)
    before = {name: getattr(event, name) for names in TOLD.values() for name in names}
    when = {name: changes[name] for name in CLOCK if name in changes and changes[name] != getattr(event, name)}
    _check_date_may_change(event, when)
    for name in set(changes) - {*CLOCK, "themes", "networks"}:
        setattr(event, name, changes[name])
    change_date(event, when, actor=actor)
    event.full_clean()
    _check_seats_remain(event)
    if "networks" in changes:
        _check_hosts(event, changes["networks"], actor)
    for name in {"themes", "networks"} & set(changes):
        getattr(event, name).set(changes[name])
    news = _news(before, event)
    is_announced = event.status != Status.DRAFT
    _step(event, Action.EDITED, actor, ", ".join(sorted(changes)), is_material=bool(news) and is_announced)
    if is_announced:
        ensure_pools(event)
    if news and event.status == Status.PUBLISHED and event.ends_at > timezone.now():
        notices.tell_changed(event, news)
    return event


@transaction.atomic
def publish(event: Event, *, actor) -> Event:
    """Announce a draft; registration opens by its own dates."""
    _pools, event = _locked(event, actor, Status.DRAFT)
    if errors := lacking(event):
        raise ValidationError(errors)
    event.full_clean()
    ensure_pools(event)
    event.published_at = timezone.now()
    _enter(event, Status.PUBLISHED, Action.PUBLISHED, actor, is_material=False)
    tell_nominated(event)
    return event


def lacking(event) -> dict[str, ValidationError]:
    """What an event needs before it is announced, by field."""
    source = event.source_language
    needs = {
        "title": (event.text("title", source), _("Write a title in the language of the event.")),
        "summary": (event.text("summary", source), _("Write a summary in the language of the event.")),
        "start_date": (event.starts_at and event.ends_at, _("An announced event needs a beginning and an end.")),
        "languages": (event.languages, _("Name the working languages.")),
        "networks": (event.networks.exists(), _("Choose a network.")),
        "venue": (not event.is_in_person or event.venue or event.city, _("Write where it takes place.")),
        "online_link": (not event.is_online or event.online_link, _("Write the link to join online.")),
    }
    return {field: ValidationError(text, code="missing") for field, (has, text) in needs.items() if not has}


@transaction.atomic
def postpone(event: Event, *, actor, reason="") -> Event:
    """Take the date away and keep the registrations: seats stay held, offers become waiting again at their old place.

    Calendars drop the event; who is registered is told that nothing is lost.
    """
    pools, event = _locked(event, actor, Status.PUBLISHED)
    change_date(event, dict.fromkeys(WHEN), actor=actor, reason=reason)
    _enter(event, Status.POSTPONED, Action.POSTPONED, actor, reason)
    holding.take_offers_back(pools, actor)
    event.registrations.active().update(reconfirm_until=None, reconfirmed_at=None)
    notices.tell_postponed(event)
    return event


@transaction.atomic
def reschedule(
    event: Event, when: dict, *, actor, reconfirm_until=None, reason="", deadlines: Deadlines | None = None
) -> Event:
    """Give a postponed or announced event a new date, of "start_date", "start_time", "end_date", "end_time".

    All who are registered must say until `reconfirm_until` whether they come; without it nobody is asked, which is for
    the same day only (code "reconfirm"). Until they answer they keep their seat, but nobody of them moves up. What
    `deadlines` leaves out (when registration opens and closes, when kept seats are released) moves by as many days.
    """
    pools, event = _locked(event, actor, Status.POSTPONED, Status.PUBLISHED)
    if set(when) - set(CLOCK) or any(when.get(name) is None for name in WHEN):
        raise ValidationError(_("An announced event needs a beginning and an end."), code="missing")
    before, now = last_beginning(event), timezone.now()
    are_needs_gone = needs_are_forgotten(event, now)
    if change_date(event, when, actor=actor, reason=reason, deadlines=deadlines or Deadlines()) is None:
        raise ValidationError(_("This is the date it has already."), code="same")
    _check_new_date(event, before, reconfirm_until, now)
    event.status, event.needs_purged_at = Status.PUBLISHED, None
    event.full_clean()
    _enter(event, Status.PUBLISHED, Action.RESCHEDULED, actor, reason)
    if reconfirm_until:
        holding.take_offers_back(pools, actor)
        notices.told_of(event).update(reconfirm_until=reconfirm_until, reconfirmed_at=None)
    _close_polls(event, now)
    notices.tell_rescheduled(event, reconfirm_until, are_needs_gone=are_needs_gone)
    tell_nominated(event)
    for pool in pools:
        settle(_with(pool, event), now)
    return event


@transaction.atomic
def move_online(event: Event, link: str, *, actor, note="") -> Event:
    """Everybody in the building takes part online instead; nobody loses a place, and who waited keeps the order.

    Where the online seats do not suffice for those who had one, their number grows and the history says so.
    """
    _pools, event = _locked(event, actor, Status.PUBLISHED)
    if not event.is_in_person or event.ends_at <= timezone.now():
        raise ValidationError(_("The event is online already, or over."), code="online")
    event.mode, event.online_link, event.moved_online_at = Event.Mode.ONLINE, link, timezone.now()
    if "online_link" in (errors := lacking(event)):
        raise ValidationError({"online_link": errors["online_link"]})
    event.full_clean()
    ensure_pools(event)
    _enter(event, Status.PUBLISHED, Action.MOVED_ONLINE, actor, note)
    pools = {pool.kind: _with(pool, event) for pool in lock_pools(event.pk) if pool.kind in OF_MODE}
    holding.move_seats(event, pools["in-person"], pools["online"], actor)
    notices.tell_moved_online(event)
    settle(pools["online"])
    return event


@transaction.atomic
def cancel(event: Event, *, actor, note="") -> Event:
    """Call it off for good; its page stays and says so. All are told, and nobody moves up into the seats."""
    pools, event = _locked(event, actor, Status.PUBLISHED, Status.POSTPONED)
    _enter(event, Status.CANCELLED, Action.CANCELLED, actor, note)
    _close_polls(event, timezone.now())
    notices.tell_cancelled(event)
    holding.end_all(event, pools, Registration.State.EVENT_CANCELLED, actor)
    return event


@transaction.atomic
def mark_held(event: Event, *, actor) -> Event:
    """After its end: it did take place, and whoever was marked as there has attended."""
    _pools, event = _locked(event, actor, Status.PUBLISHED)
    if event.ends_at > timezone.now():
        raise ValidationError(_("The event is not over yet."), code="not-over")
    _enter(event, Status.HELD, Action.HELD, actor, is_material=False)
    settle_attendance(event, actor=actor)
    return event


@transaction.atomic
def mark_reported(event: Event, *, actor) -> Event:
    """What came out of it is written down; nobody is reminded any more."""
    _pools, event = _locked(event, actor, Status.HELD)
    _enter(event, Status.REPORTED, Action.REPORTED, actor, is_material=False)
    return event


@transaction.atomic
def archive(event: Event, *, actor) -> Event:
    """Put away what is done with."""
    _pools, event = _locked(event, actor, Status.HELD, Status.REPORTED)
    _enter(event, Status.ARCHIVED, Action.ARCHIVED, actor, is_material=False)
    return event


# How the verbs begin and end ---------------------------------------------------------------------


def _locked(event, actor, *statuses):
    """(pools, event) as they are stored now, both locked, for who runs the event and where it stands so."""
    pools = lock_pools(event.pk)
    event = Event.objects.select_for_update(no_key=True, of=["self"]).get(pk=event.pk)
    if not runs(actor, event):
        raise PermissionDenied
    if statuses and event.status not in statuses:
        text = _("This cannot be done with an event that is: %(status)s.")
        raise ValidationError(text, code="status", params={"status": event.get_status_display()})
    return [_with(pool, event) for pool in pools], event


def _with(pool, event):
    """A pool that knows the event as this transaction changes it."""
    pool.event = event
    return pool


def _enter(event, status, action, actor, note="", *, is_material=True):
    event.status, event.status_at = status, timezone.now()
    _step(event, action, actor, note, is_material=is_material)


def _step(event, action, actor, note="", *, is_material=False):
    """Save the event and write down what was done; what calendars must learn of raises its sequence."""
    event.sequence += is_material
    event.save()
    EventStep.objects.create(event=event, action=action, actor=actor, note=note[:500], sequence=event.sequence)


# What they look at -------------------------------------------------------------------------------


def _check_columns(changes):
    if unknown := set(changes) - COLUMNS:
        raise ValueError(f"No columns that are edited: {sorted(unknown)}")


def _check_hosts(event, networks, actor):
    """Whose network one does not coordinate, one asks: see `services.cohosting`."""
    if not may_host(actor, networks):
        raise ValidationError({"networks": _("Keep one of the networks that you coordinate.")})
    _check_own(set(networks) - set(event.networks.all()), actor)


def _check_own(networks, actor):
    if not all(may_answer_for(actor, network) for network in networks):
        raise ValidationError({"networks": _("Ask this network to host it too: its coordinators decide.")})


def _news(before, event):
    """The words of TOLD under which something differs from before. A title in one more language is no news."""
    differs = {name for name, value in before.items() if getattr(event, name) != value}
    differs -= {name for name in TOLD["title"] if not before[name]}
    return {word for word, names in TOLD.items() if differs & set(names)}


def _check_date_may_change(event, when):
    if not when or event.status == Status.DRAFT:
        return
    if event.status in (Status.POSTPONED, Status.CANCELLED):
        raise ValidationError({"start_date": _("This event has no date that could be changed.")})
    is_other_day = "start_date" in when or "end_date" in when
    if event.status == Status.PUBLISHED and is_other_day and notices.told_of(event).exists():
        text = _("People are registered: give the event a new date by rescheduling it, so that they are asked.")
        raise ValidationError({"start_date": ValidationError(text, code="reschedule")})


def _check_seats_remain(event):
    """A way of taking part in which people have a seat, or wait for one, is not just taken away."""
    gone = [kind for kind, stays in zip(OF_MODE, (event.is_in_person, event.is_online), strict=True) if not stays]
    if event.pools.filter(kind__in=gone, allocations__state__in=SeatAllocation.OPEN).exists():
        raise ValidationError({"mode": ValidationError(_("People have a place in this way already."), code="seats")})


def _check_new_date(event, before, reconfirm_until, now):
    if event.starts_at <= now:
        raise ValidationError({"start_date": _("This day is over.")})
    if reconfirm_until is not None and not now < reconfirm_until <= event.starts_at:
        text = _("Choose a moment between now and the event.")
        raise ValidationError({"reconfirm_until": ValidationError(text, code="reconfirm")})
    is_other_day = before is None or before.date() != event.start_date
    if reconfirm_until is None and is_other_day and notices.told_of(event).exists():
        text = _("On another day not everybody can come: say by when people are to answer.")
        raise ValidationError({"reconfirm_until": ValidationError(text, code="reconfirm")})


def _close_polls(event, now):
    DatePoll.objects.filter(event=event, closed_at__isnull=True).update(closed_at=now)
