"""Who may do what with newsletters."""

import rules

from networks.rules import roles_of


@rules.predicate
def edits_campaign(user, campaign):
    """Coordinators write and send those of their networks, administrators all, and the hub's own."""
    roles = roles_of(user)
    return roles.is_administrator or campaign.network_id in roles.networks


rules.add_perm("newsletters.edit_campaign", edits_campaign)
