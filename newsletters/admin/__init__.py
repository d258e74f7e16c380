from newsletters.admin.campaigns import CampaignAdmin
from newsletters.admin.subscribers import SubscriberAdmin, SubscriptionAdmin
from newsletters.admin.suppressions import SuppressionAdmin
from newsletters.admin.throttles import ThrottleAdmin

__all__ = ["CampaignAdmin", "SubscriberAdmin", "SubscriptionAdmin", "SuppressionAdmin", "ThrottleAdmin"]
