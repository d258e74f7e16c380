"""Hints for the workers that there may be something to do. What there is, is asked of the rows."""

import logging

from celery import shared_task

from newsletters.services import watching
from newsletters.services.delivering import send_all_due

STALE_AFTER = 55
"""Seconds after which a hint that no worker took is forgotten: the next minute brings another."""

logger = logging.getLogger(__name__)


@shared_task
def send_bulk():
    """Hand over what is due, for at most fifty seconds, and pass the hint on while there is more."""
    done = send_all_due(seconds=50)
    if done.answers:
        logger.info("Handed over: %s", dict(done.answers))
    if done.has_more:
        send_bulk.apply_async(expires=STALE_AFTER)


@shared_task
def watch():
    watching.watch()
