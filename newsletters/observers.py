"""What happens elsewhere and matters to subscriptions."""

from newsletters.services import subscribing


def follow_account(sender, user, **kwargs):
    subscribing.follow_account(user)
