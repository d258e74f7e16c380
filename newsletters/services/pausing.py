"""Stopping a newsletter by itself before it does harm: to the readers, or to what mail servers think of us."""

import logging

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy

from newsletters.models import Campaign, CampaignStep, Delivery
from newsletters.services.claiming import recall

State = Delivery.State
MOST_IN_A_ROW = 20
MOST_BOUNCED, MOST_COMPLAINED = 0.05, 0.001
JUDGED_FROM, COMPLAINTS_FROM = 100, 2
"""So many mails have to be handed over before shares mean something, and one complaint is no share."""

REASONS = {
    "sender": gettext_lazy("It was stopped because the mail server takes no mail from us."),
    "failures": gettext_lazy("It was stopped because too many mails in a row failed."),
    "bounces": gettext_lazy("It was stopped because too many addresses do not exist."),
    "complaints": gettext_lazy("It was stopped because readers reported it as unwanted."),
}

logger = logging.getLogger(__name__)


def reason_to_pause(campaign_id: int) -> str:
    """Why a newsletter must not go on ("failures", "bounces", "complaints"), "" where nothing speaks against it."""
    counts = Delivery.objects.filter(campaign=campaign_id).aggregate(
        handed=Count("pk", filter=Q(state__in=[*Delivery.TAKEN, State.REJECTED])),
        bounced=Count("pk", filter=Q(state__in=[State.REJECTED, State.BOUNCED])),
        complained=Count("pk", filter=Q(state=State.COMPLAINED)),
    )
    if counts["handed"] >= JUDGED_FROM and counts["bounced"] > MOST_BOUNCED * counts["handed"]:
        return "bounces"
    if counts["complained"] >= COMPLAINTS_FROM and counts["complained"] > MOST_COMPLAINED * counts["handed"]:
        return "complaints"
    return ""


@transaction.atomic
def pause(campaign_id: int, reason: str) -> bool:
    """Hold a newsletter that is being sent; False where it is not."""
    held = Campaign.objects.filter(pk=campaign_id, state=Campaign.State.SENDING)
    if not held.update(state=Campaign.State.PAUSED, pause_reason=reason):
        return False
    recall(campaign_id)
    CampaignStep.objects.create(campaign_id=campaign_id, action=Campaign.State.PAUSED, note=reason)
    logger.error("Newsletter %s was paused: %s", campaign_id, reason)
    return True


def pause_if_unhealthy(campaign_id: int) -> bool:
    reason = reason_to_pause(campaign_id)
    return bool(reason) and pause(campaign_id, reason)
