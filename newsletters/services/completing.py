"""When a newsletter is done: not before every reader is accounted for."""

import logging
from collections import Counter
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from newsletters.models import Campaign, CampaignStep, Delivery
from newsletters.services.claiming import recall

State = Delivery.State

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """What became of all whom a newsletter was meant for."""

    audience: int
    accepted: int
    skipped: int
    rejected: int
    uncertain: int
    cancelled: int
    open: int

    @property
    def total(self):
        return self.accepted + self.skipped + self.rejected + self.uncertain + self.cancelled

    @property
    def is_balanced(self):
        return self.audience == self.total + self.open

    @property
    def is_complete(self):
        return not self.open and self.audience == self.total


def account_of(campaign) -> Account:
    """Audience = accepted + skipped + rejected + uncertain + cancelled, once nothing is open.

    Both sides are read in one statement: while recipients are gathered they grow together.
    """
    rows = Campaign.objects.filter(pk=campaign.pk).order_by().values_list("audience", "deliveries__state")
    found = list(rows.annotate(count=Count("deliveries")))
    return _account(found[0][0] if found else 0, Counter({state: count for _audience, state, count in found if state}))


def states_of(campaign_id) -> Counter:
    """{state: deliveries}, in one statement and so of one moment."""
    rows = Delivery.objects.filter(campaign=campaign_id).order_by()
    return Counter(dict(rows.values_list("state").annotate(count=Count("pk"))))


def _account(audience, counts):
    return Account(
        audience=audience,
        accepted=sum(counts[state] for state in Delivery.TAKEN),
        skipped=counts[State.SKIPPED],
        rejected=counts[State.REJECTED],
        uncertain=counts[State.UNCERTAIN],
        cancelled=counts[State.CANCELLED],
        open=sum(counts[state] for state in Delivery.OPEN),
    )


@transaction.atomic
def complete(campaign_id: int) -> bool:
    """Close a newsletter of which nothing is open and everybody accounted for; False where that is not so."""
    if Delivery.objects.filter(campaign=campaign_id, state__in=Delivery.OPEN).exists():
        return False
    held = Campaign.objects.select_for_update(skip_locked=True)
    campaign = held.filter(pk=campaign_id, state=Campaign.State.SENDING).first()
    if campaign is None:
        return False
    account = account_of(campaign)
    if not account.is_complete:
        logger.error("Newsletter %s does not balance: %s", campaign_id, account)
        return False
    failed = account.rejected + account.uncertain
    campaign.state = Campaign.State.WITH_FAILURES if failed else Campaign.State.COMPLETED
    campaign.completed_at = timezone.now()
    campaign.save(update_fields=["state", "completed_at"])
    CampaignStep.objects.create(campaign=campaign, action=campaign.state, note=str(failed or ""))
    return True


@transaction.atomic
def settle_cancelled(campaign_id: int) -> int:
    """Cancel what is still queued for a cancelled newsletter, or was queued again since; returns how many."""
    recall(campaign_id)
    count = Delivery.objects.filter(campaign=campaign_id, state=State.QUEUED).let_go(State.CANCELLED)
    rows = Delivery.objects.filter(campaign=campaign_id)
    if not rows.filter(state__in=Delivery.OPEN).exists():
        Campaign.objects.filter(pk=campaign_id, completed_at=None).update(completed_at=timezone.now())
    return count
