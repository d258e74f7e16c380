"""Pages of practices name the events at which they were shown, so they follow when those change."""

from django.db.models.signals import post_delete, post_save

from events.models import Event, EventPractice
from practices.search.indexing import bump_version


def connect():
    for signal in (post_save, post_delete):
        signal.connect(_follow_showing, sender=EventPractice, dispatch_uid="events.shown_at")
    post_save.connect(_follow_event, sender=Event, dispatch_uid="events.shown_practices")


def _follow_showing(sender, instance, raw=False, **kwargs):
    if not raw and instance.practice_id:
        bump_version("labels")


def _follow_event(sender, instance, created, raw, **kwargs):
    if not (raw or created) and instance.event_practices.filter(practice__isnull=False).exists():
        bump_version("labels")
