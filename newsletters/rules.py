"""Who may do what with newsletters, and who sees subscribers and their addresses."""

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


@rules.predicate
def edits_campaign(user, campaign):
    """Coordinators write and send those of their networks, administrators all, and the hub's own."""
    roles = roles_of(user)
    return roles.is_administrator or campaign.network_id in roles.networks


rules.add_perm("newsletters.edit_campaign", edits_campaign)
