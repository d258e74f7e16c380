from celery import shared_task

from common.background import enqueue
from common.models import Heartbeat
from common.outbox import delivery, services, summaries


@shared_task
def record_beat():
    """Prove that beat schedules and a worker works; a stale mark shows in /readyz."""
    Heartbeat.record("beat")


@shared_task
def send_outbox():
    """Hand over what is due. Started by whoever queues a mail, as a hint, and by beat for every hint that was lost."""
    if delivery.send_batch():
        enqueue("common.tasks.send_outbox")


@shared_task
def send_daily_summaries():
    summaries.send_daily_summaries()


@shared_task
def forget_old_mail():
    services.forget_old_bodies()
