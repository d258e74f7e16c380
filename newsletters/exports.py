"""Subscriptions as a table that leaves the hub."""

from collections.abc import Iterable

from common.spreadsheets import Table, in_batches
from newsletters.models import Subscription

BATCH = 1000
COLUMNS = ("email", "languages", "channel", "newsletter", "frequency", "state", "since", "paused_until")


def subscription_table(subscription_ids: Iterable[int]) -> Table:
    """The subscriptions of these ids, which must be visible to the actor; moments in UTC. Forgotten addresses are empty."""
    rows = Subscription.objects.select_related("subscriber", "network")
    return Table(COLUMNS, map(_cells, in_batches(rows, subscription_ids, BATCH)))


def _cells(row):
    return [
        row.subscriber.email or "",
        list(row.subscriber.languages),
        row.channel,
        row.network.slug if row.network else "",
        row.frequency,
        row.state,
        f"{row.state_at:%Y-%m-%d %H:%M}",
        f"{row.paused_until:%Y-%m-%d %H:%M}" if row.paused_until else "",
    ]
