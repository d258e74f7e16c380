"""Whom a newsletter goes to and in which language: counted beforehand, then written down as deliveries, by one rule."""

import uuid
from collections import Counter
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from newsletters.models import Campaign, CampaignStep, Delivery
from newsletters.rendering import languages_of

CHUNK = 5000
SAMPLE = 20

_LANGUAGE = """COALESCE(
    (SELECT reads.code FROM unnest(s.languages) WITH ORDINALITY AS reads (code, place)
     WHERE reads.code = ANY(%(languages)s) ORDER BY reads.place LIMIT 1),
    %(source)s)"""
"""The first of the reader's languages that there is, else the one it was written in."""

_SKIPPED = """CASE
    WHEN s.email IS NULL THEN 'erased'
    WHEN EXISTS (SELECT 1 FROM newsletters_suppression x WHERE x.email_hash = s.email_hash) THEN 'suppressed'
    WHEN w.id IS NULL THEN 'unsubscribed'
    WHEN w.state = 'paused' AND w.paused_until > %(now)s THEN 'paused'
    ELSE '' END"""

_LIVE = "w.channel = 'newsletter' AND w.state IN ('active', 'paused') AND {network}"

_COUNT = f"""
SELECT {_LANGUAGE} AS language, {_SKIPPED} AS skipped, count(*)
FROM newsletters_subscription w JOIN newsletters_subscriber s ON s.id = w.subscriber_id
WHERE {_LIVE} GROUP BY 1, 2
"""

_SAMPLE = f"""
SELECT s.email, {_LANGUAGE} AS language, {_SKIPPED} AS skipped
FROM newsletters_subscription w JOIN newsletters_subscriber s ON s.id = w.subscriber_id
WHERE {_LIVE} ORDER BY w.subscriber_id LIMIT %(limit)s
"""

_NEXT = f"""
SELECT s.id, s.uid
FROM newsletters_subscription w JOIN newsletters_subscriber s ON s.id = w.subscriber_id
WHERE {_LIVE} AND w.subscriber_id > %(cursor)s ORDER BY w.subscriber_id LIMIT %(limit)s
"""

_WRITE = f"""
WITH found AS MATERIALIZED (
    SELECT chosen.key, s.id, s.domain, {_LANGUAGE} AS language, {_SKIPPED} AS skipped
    FROM unnest(%(ids)s::bigint[], %(keys)s::uuid[]) AS chosen (id, key)
    JOIN newsletters_subscriber s ON s.id = chosen.id
    LEFT JOIN newsletters_subscription w ON w.subscriber_id = s.id AND {_LIVE}
)
INSERT INTO newsletters_delivery (key, campaign_id, subscriber_id, edition_id, state, skip_reason, attempts,
    next_attempt_at, smtp_code, domain, queued_at)
SELECT found.key, %(campaign)s, found.id, e.id, CASE WHEN found.skipped = '' THEN 'queued' ELSE 'skipped' END,
    found.skipped, 0, %(now)s, '', found.domain, %(now)s
FROM found JOIN newsletters_edition e ON e.campaign_id = %(campaign)s AND e.language = found.language
ORDER BY found.id
ON CONFLICT DO NOTHING
"""
"""The languages of a chunk are found before its editions are: else the planner finds those of all readers each time."""


@dataclass(frozen=True)
class DryRun:
    """Who would get a newsletter now: how many by language, and how many not, by reason."""

    languages: Counter = field(default_factory=Counter)
    skipped: Counter = field(default_factory=Counter)

    @property
    def recipients(self):
        return sum(self.languages.values())

    @property
    def audience(self):
        return self.recipients + sum(self.skipped.values())


def dry_run(campaign: Campaign, now=None) -> DryRun:
    """Count by the rule by which deliveries are written; changes nothing. One statement."""
    languages, skipped = Counter(), Counter()
    for language, reason, count in _rows(_COUNT, campaign, now):
        if reason:
            skipped[reason] += count
        else:
            languages[language] += count
    return DryRun(languages, skipped)


def sample(campaign: Campaign, limit=SAMPLE, now=None) -> list[tuple[str, str, str]]:
    """The first few of the audience: [(address, language, reason to be skipped or "")]."""
    return _rows(_SAMPLE, campaign, now, limit=limit)


def materialise_next(campaign_id: int, *, limit=CHUNK, now=None) -> int:
    """Write the deliveries of the next readers, and the place reached, in one transaction; returns how many they were.

    A worker that is killed leaves nothing half done. 0 where nothing is left, the newsletter is in another state, or
    another worker is at it.
    """
    with transaction.atomic():
        held = Campaign.objects.select_for_update(skip_locked=True)
        campaign = held.filter(pk=campaign_id, state=Campaign.State.MATERIALISING).first()
        if campaign is None:
            return 0
        found = _rows(_NEXT, campaign, now, cursor=campaign.cursor, limit=limit)
        if not found:
            _begin_sending(campaign)
            return 0
        ids = [pk for pk, _uid in found]
        keys = [str(delivery_key(campaign, uid)) for _pk, uid in found]
        with connection.cursor() as cursor:
            cursor.execute(*_query(_WRITE, campaign, now, ids=ids, keys=keys))
        # Counted by those who were chosen, not by the rows that came of it: so the account can show that none is lost.
        Campaign.objects.filter(pk=campaign_id).update(cursor=ids[-1], audience=F("audience") + len(ids))
        return len(ids)


def delivery_key(campaign, subscriber_uid) -> uuid.UUID:
    """The same whenever it is asked for, so that a repeated mail is known as one."""
    return uuid.uuid5(campaign.uid, str(subscriber_uid))


def _begin_sending(campaign):
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.SENDING)
    count = Delivery.objects.filter(campaign=campaign).count()
    CampaignStep.objects.create(campaign=campaign, action=Campaign.State.SENDING, note=str(count))


def _rows(statement, campaign, now, **values):
    with connection.cursor() as cursor:
        cursor.execute(*_query(statement, campaign, now, **values))
        return cursor.fetchall()


def _query(statement, campaign, now, **values):
    # The index is used for "=" and for "IS NULL", not for what is true of both.
    network = "w.network_id IS NULL" if campaign.network_id is None else "w.network_id = %(network)s"
    return statement.replace("{network}", network), {
        "campaign": campaign.pk,
        "network": campaign.network_id,
        "languages": languages_of(campaign),
        "source": campaign.source_language,
        "now": now or timezone.now(),
    } | values
