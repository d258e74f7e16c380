"""Tasks may run twice, and leave the work to services."""

import logging

from celery import shared_task

from events.services.following_up import remind_of_actions as remind_cities

logger = logging.getLogger(__name__)


@shared_task
def remind_of_actions():
    logger.info("cities were reminded of %s action items", remind_cities())
