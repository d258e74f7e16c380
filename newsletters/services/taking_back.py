"""Digests that wait or never arrived: taken back, and what they told is untold, so that the next one tells it."""

import logging

from django.db import connection, transaction
from django.utils import timezone

from newsletters.digests.board import Board
from newsletters.services.gathering import LOOK_BACK

logger = logging.getLogger(__name__)


def taken_back(now):
    """Both of the verbs below; how many digests. What cannot be taken back keeps nobody from the digest that is due."""
    try:
        return pull_back(now) + untell_unsent()
    except Exception:
        logger.exception("Digests that wait could not be taken back")
        return 0


_QUEUED = """
SELECT DISTINCT unnest(e.news) FROM newsletters_edition e
WHERE e.id IN (SELECT edition_id FROM newsletters_delivery WHERE campaign_id IS NULL AND state = 'queued')
"""
_UNTOLD = """DELETE FROM newsletters_digestitem t
    USING {undone} AS u, newsletters_edition e, newsletters_subscription w
    WHERE e.id = u.edition_id AND w.subscriber_id = u.subscriber_id AND w.channel <> 'newsletter'
        AND t.subscription_id = w.id AND t.news_id = ANY(e.news)"""
# What a reader would get of a channel that was left, or that comes at another frequency, while the mail waits.
_IS_LEFT = """EXISTS (
    SELECT FROM newsletters_subscription w
    JOIN newsletters_digestitem t ON t.subscription_id = w.id AND t.news_id = ANY(e.news)
    WHERE w.subscriber_id = d.subscriber_id AND w.channel <> 'newsletter'
        AND NOT (w.state IN ('active', 'paused') AND w.frequency = i.frequency)
)"""
_PULL = f"""
WITH pulled AS (
    DELETE FROM newsletters_delivery WHERE id IN (
        SELECT d.id FROM newsletters_delivery d
        JOIN newsletters_digestissue i ON i.id = d.issue_id JOIN newsletters_edition e ON e.id = d.edition_id
        WHERE {{these}}
        FOR UPDATE OF d SKIP LOCKED
    ) RETURNING id, issue_id, subscriber_id, edition_id
), issues AS (
    DELETE FROM newsletters_digestissue i USING pulled WHERE i.id = pulled.issue_id
), events AS (
    UPDATE newsletters_providerevent v SET delivery_id = NULL FROM pulled WHERE v.delivery_id = pulled.id
), untold AS ({_UNTOLD.format(undone="pulled")})
SELECT id FROM pulled
"""
_PULL_WAITING = _PULL.format(
    these=f"d.campaign_id IS NULL AND d.state = 'queued' AND (e.news && %s::bigint[] OR {_IS_LEFT})"
)
_PULL_HELD = _PULL.format(these=f"d.id = ANY(%s) AND d.claim_id = %s AND {_IS_LEFT}")
# Without an edition a row is done with, and out of the index that finds these.
_UNSENT = f"""
WITH unsent AS (
    SELECT id, issue_id, subscriber_id, edition_id FROM newsletters_delivery
    WHERE campaign_id IS NULL AND state IN ('skipped', 'rejected') AND edition_id IS NOT NULL
    FOR UPDATE SKIP LOCKED
), emptied AS (
    UPDATE newsletters_delivery d SET edition_id = NULL FROM unsent WHERE d.id = unsent.id
), nothing AS (
    UPDATE newsletters_digestissue i SET edition_id = NULL FROM unsent WHERE i.id = unsent.issue_id
), untold AS ({_UNTOLD.format(undone="unsent")})
SELECT count(*) FROM unsent
"""


@transaction.atomic
def pull_back(now=None) -> int:
    """Undo digests that wait to be sent and tell of what may not be told any more; how many they were.

    A practice was withdrawn, an event called off or made private; or the reader has left one of two digests that come
    together, or changed how often it comes. What else stood in them is untold again, and where their period is not over
    they are made anew.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_QUEUED)
        told = {news_id for (news_id,) in cursor.fetchall()}
        if not told:
            return 0
        gone = told - Board(now, now - LOOK_BACK).tellable_ids
        cursor.execute(_PULL_WAITING, [list(gone)])
        return cursor.rowcount


def pull_left(claim, delivery_ids) -> set[int]:
    """Undo those of these digests that a worker has just claimed and of which the reader has left a part since.

    Returns the deliveries that are no more. What else stood in them is told by the next run, as in `pull_back`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PULL_HELD, [delivery_ids, str(claim)])
        return {pk for (pk,) in cursor.fetchall()}


def untell_unsent() -> int:
    """Forget that readers were told what never reached them, so that the next digest tells it; how many digests.

    That is what was skipped in the queue, and what their server refused, for whatever reason: an address that does not
    exist ends the subscription by itself, and a text that is refused again and again is tried once a period, until it
    is no news any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNSENT)
        return cursor.fetchone()[0]
