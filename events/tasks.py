"""Tasks may run twice, and leave the work to services."""

import logging

from celery import shared_task

from events.services.zones import follow_zone_rules as follow

logger = logging.getLogger(__name__)


@shared_task
def follow_zone_rules():
    """Bring instants in line with the present rules of the zones."""
    logger.info("%s events moved with the rules of their zone", follow())
