"""How an event comes to be, is announced and changed."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event, EventStep
from events.rules import may_host, runs
from events.services.registering import ensure_pools
from events.services.seats import settle_event


@transaction.atomic
def save_event(event: Event, *, actor, networks, themes=None) -> Event:
    """Store a new or changed event with the networks that host it, derive its instants and make its pools.

    The status is never written. Raises ValidationError by field for times that the clocks skip or show twice.
    """
    networks = list(networks)
    is_new = event.pk is None
    if not may_host(actor, networks) or not (is_new or runs(actor, event)):
        raise PermissionDenied
    event.derive_times()
    if is_new:
        event.created_by = actor
        event.owner = event.owner or actor
        event.save()
    else:
        # What other verbs write stays as it is in the database, however old the form is.
        former = Event.objects.select_for_update().get(pk=event.pk)
        event.status, event.sequence = former.status, former.sequence + (former.status != Event.Status.DRAFT)
        written = {"status", "status_at", "published_at", "moved_online_at", "needs_purged_at", "created_by"}
        event.save(update_fields=[f.name for f in event._meta.concrete_fields if f.name not in {*written, "id"}])
    event.networks.set(networks)
    if themes is not None:
        event.themes.set(themes)
    ensure_pools(event)
    action = EventStep.Action.CREATED if is_new else EventStep.Action.EDITED
    EventStep.objects.create(event=event, action=action, sequence=event.sequence, actor=actor)
    if not is_new:
        settle_event(event.pk)
    return event


@transaction.atomic
def publish(event: Event, *, actor) -> Event:
    """Announce a draft. Raises ValidationError by field for what is lacking."""
    if not runs(actor, event):
        raise PermissionDenied
    event = Event.objects.select_for_update().get(pk=event.pk)
    if event.status != Event.Status.DRAFT:
        raise ValidationError(_("This has been decided already."), code="decided")
    needed = ["start_date", "start_time", "end_date", "end_time", "languages", "contact_email"]
    needed += [f"{name}_{event.source_language}" for name in ("title", "summary")]
    needed += ["city"] if event.is_in_person else []
    lacking = {name: _("Needed before the event is announced.") for name in needed if not getattr(event, name)}
    if lacking:
        raise ValidationError(lacking)
    now = timezone.now()
    event.status, event.status_at, event.published_at = Event.Status.PUBLISHED, now, event.published_at or now
    event.save(update_fields=["status", "status_at", "published_at", "updated_at"])
    ensure_pools(event)
    EventStep.objects.create(event=event, action=EventStep.Action.PUBLISHED, sequence=event.sequence, actor=actor)
    return event
