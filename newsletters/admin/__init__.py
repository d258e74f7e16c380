from newsletters.admin.subscribers import SubscriberAdmin, SubscriptionAdmin
from newsletters.admin.suppressions import SuppressionAdmin

__all__ = ["SubscriberAdmin", "SubscriptionAdmin", "SuppressionAdmin"]
