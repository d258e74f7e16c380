"""What beat and the desk ask for. Each looks into the database what is due, so that running late or twice does no harm."""

import logging

from celery import shared_task

from events.documents import certificate_pdf
from events.services import certifying_all, forgetting, invariants, reminding
from events.services.following_up import remind_of_actions as remind_cities
from events.services.zones import follow_zone_rules as follow

logger = logging.getLogger(__name__)


@shared_task
def settle_due():
    """Every minute: offers that ran out, kept seats that are released, people who did not answer a new date."""
    lapsed = reminding.lapse_silent()
    if moved := reminding.settle_due() + lapsed:
        logger.info("%s registrations moved up or lapsed", moved)


@shared_task
def issue_certificates(event_id: int):
    """On asking: the certificates of an event. `resume_certificates` finds what this one leaves when it is killed."""
    certifying_all.work_on(event_id, printed=certificate_pdf)


@shared_task
def resume_certificates():
    """Every minute: certificates that were asked for and that no worker sets any more."""
    if count := certifying_all.resume_silent():
        logger.warning("Certificates of %s events were handed to the workers again", count)


@shared_task
def remind():
    if count := reminding.queue_reminders() + reminding.ask_silent_again():
        logger.info("%s people were reminded of events", count)


@shared_task
def remind_of_reports():
    logger.info("%s events wait for their report", reminding.remind_of_reports())


@shared_task
def forget():
    needs = reminding.forget_needs_after() + forgetting.forget_needs_without_date()
    logger.info("Needs of %s people were deleted", needs)
    logger.info("%s unconfirmed registrations were deleted", reminding.forget_unverified())


@shared_task
def forget_participants():
    """Every night: names and addresses of those who took part in events of long ago."""
    logger.info("%s participants were forgotten", forgetting.forget_participants())


@shared_task
def check():
    """Every night: whether seats, queues and states agree."""
    invariants.check_all()


@shared_task
def follow_zone_rules():
    """Bring instants in line with the present rules of the zones."""
    logger.info("%s events moved with the rules of their zone", follow())


@shared_task
def remind_of_actions():
    logger.info("Cities were reminded of %s action items", remind_cities())
