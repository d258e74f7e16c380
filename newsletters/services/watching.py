"""Whether mail in bulk goes out as it should: what is due against what was handed over."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from common.models import Heartbeat
from newsletters.models import Campaign, Delivery

State = Delivery.State
MAY_STAND = timedelta(minutes=30)
"""So long nothing need be accepted although mail is due: limits of providers are by the hour at most."""

ACCEPTED = "bulk-mail"
"""Name of the mark that the mail server took something."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Flow:
    """How mail in bulk stands now."""

    due: int
    """Mails that could go."""
    oldest_seconds: float
    """How long the first of them has been due; 0 where none is."""
    silent_seconds: float
    """Since the last mail that was accepted, or since the oldest became due where that is later."""
    uncertain: int
    paused: int
    """Newsletters that were paused by themselves and wait for somebody."""

    @property
    def is_well(self):
        return not self.due or self.silent_seconds < MAY_STAND.total_seconds()


def flow(now=None) -> Flow:
    now = now or timezone.now()
    may_go = Q(campaign__isnull=True) | Q(campaign__state=Campaign.State.SENDING)
    due = Delivery.objects.filter(may_go, state=State.QUEUED, next_attempt_at__lte=now).aggregate(
        count=Count("pk"), oldest=Min("next_attempt_at")
    )
    beat = Heartbeat.objects.filter(name=ACCEPTED).first()
    moments = [moment for moment in (due["oldest"], beat and beat.seen_at) if moment]
    return Flow(
        due=due["count"],
        oldest_seconds=(now - due["oldest"]).total_seconds() if due["oldest"] else 0.0,
        silent_seconds=(now - max(moments)).total_seconds() if due["count"] else 0.0,
        uncertain=Delivery.objects.filter(state=State.UNCERTAIN).count(),
        paused=Campaign.objects.filter(state=Campaign.State.PAUSED).exclude(pause_reason="").count(),
    )


def watch(now=None) -> Flow:
    """Say loudly where mail stands still; beat asks every few minutes."""
    found = flow(now)
    if not found.is_well:
        logger.error(
            "Mail in bulk stands still: %s are due, the oldest since %d s, nothing was accepted for %d s",
            found.due,
            found.oldest_seconds,
            found.silent_seconds,
        )
    return found
