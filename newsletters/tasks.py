"""Hints for the workers that there may be something to do. What there is, is asked of the rows."""

import logging

from celery import shared_task

from newsletters.services import campaigning, digesting, forgetting, tidying, watching
from newsletters.services.delivering import send_all_due

SECONDS = 50
STALE_AFTER = 55
"""Seconds after which a hint that no worker took is forgotten: the next minute brings another."""

logger = logging.getLogger(__name__)


@shared_task
def prepare_bulk():
    """Begin newsletters whose time has come, write down their readers, make the digests that are due."""
    begun = campaigning.begin_due()
    written = campaigning.advance(seconds=SECONDS)
    made = digesting.make_due(seconds=SECONDS, spares_looks=True)
    if begun or written or made.sent:
        logger.info("%s newsletters begun, %s readers written down, %s digests made", begun, written, made.sent)
        send_bulk.apply_async(expires=STALE_AFTER)


@shared_task
def send_bulk():
    """Hand over what is due, for at most fifty seconds, and pass the hint on while there is more."""
    done = send_all_due(seconds=SECONDS)
    if done.answers:
        logger.info("Handed over: %s", dict(done.answers))
    if done.has_more:
        send_bulk.apply_async(expires=STALE_AFTER)
    elif done.answers:
        # Newsletters of which this was the last are complete now, not in a minute.
        campaigning.advance(seconds=SECONDS)


@shared_task
def watch():
    watching.watch()


@shared_task
def forget():
    """Every night: what is not to be kept."""
    logger.info("Forgotten: %s", forgetting.forget_all() | tidying.tidy())
