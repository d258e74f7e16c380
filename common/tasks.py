from celery import shared_task

from common.models import Heartbeat


@shared_task
def record_beat():
    """Prove that beat schedules and a worker works; a stale mark shows in /readyz."""
    Heartbeat.record("beat")
