from celery import shared_task

from common.models import Heartbeat
from common.outbox.sending import forget_texts, send_waiting
from common.outbox.summaries import queue_summaries


@shared_task
def record_beat():
    """Prove that beat schedules and a worker works; a stale mark shows in /readyz."""
    Heartbeat.record("beat")


@shared_task
def send_outbox():
    """Hand over the mails that are due. Queued as a hint by every mail, and every minute in case a hint was lost."""
    send_waiting()


@shared_task
def summarise_outbox():
    """Queue the daily summaries whose morning has come."""
    queue_summaries()


@shared_task
def forget_outbox_texts():
    forget_texts()
