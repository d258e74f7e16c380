"""What beat asks for. Each looks into the database what is due, so that running late or twice does no harm."""

import logging

from celery import shared_task

from events.services import clock_rules, invariants, reminding

logger = logging.getLogger(__name__)


@shared_task
def settle_due():
    """Every minute: offers that ran out, kept seats that are released, people who did not answer a new date."""
    lapsed = reminding.lapse_silent()
    if moved := reminding.settle_due() + lapsed:
        logger.info("%s registrations moved up or lapsed", moved)


@shared_task
def remind():
    if count := reminding.queue_reminders() + reminding.ask_silent_again():
        logger.info("%s people were reminded of events", count)


@shared_task
def remind_of_reports():
    logger.info("%s events wait for their report", reminding.remind_of_reports())


@shared_task
def forget():
    needs, unverified = reminding.forget_needs_after(), reminding.forget_unverified()
    logger.info("Needs of %s people and %s unconfirmed registrations were deleted", needs, unverified)


@shared_task
def check():
    """Every night: whether seats, queues and states agree, and whether clocks still mean the instants we keep."""
    clock_rules.follow()
    invariants.check_all()
