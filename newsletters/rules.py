"""Who sees subscribers and their addresses."""

import rules

from networks.rules import roles_of
from newsletters.models import Channel, Subscription


@rules.predicate
def keeps_newsletter(user, network):
    """Administrators every newsletter and the hub's own (None), coordinators those of their networks."""
    roles = roles_of(user)
    return roles.is_administrator or (network is not None and network.pk in roles.networks)


def visible_subscriptions(user):
    """Administrators see all; coordinators who gets their newsletter, or was asked, and not who has left it."""
    rows = Subscription.objects.all()
    roles = roles_of(user)
    if roles.is_administrator:
        return rows
    present = [*Subscription.LIVE, Subscription.State.PENDING]
    return rows.filter(channel=Channel.NEWSLETTER, network__in=roles.networks, state__in=present)
