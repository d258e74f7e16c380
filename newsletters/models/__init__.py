from newsletters.models.campaigns import Block, Campaign, CampaignStep
from newsletters.models.deliveries import Claim, Delivery, Edition, Link, ProviderEvent
from newsletters.models.digests import DigestIssue, DigestItem, News
from newsletters.models.subscribers import (
    CONFIRM_WITHIN,
    Channel,
    ConsentEvent,
    Frequency,
    Interest,
    SavedSearch,
    Subscriber,
    Subscription,
    Suppression,
    Throttle,
)

__all__ = [
    "CONFIRM_WITHIN",
    "Block",
    "Campaign",
    "CampaignStep",
    "Channel",
    "Claim",
    "ConsentEvent",
    "Delivery",
    "DigestIssue",
    "DigestItem",
    "Edition",
    "Frequency",
    "Interest",
    "Link",
    "News",
    "ProviderEvent",
    "SavedSearch",
    "Subscriber",
    "Subscription",
    "Suppression",
    "Throttle",
]
