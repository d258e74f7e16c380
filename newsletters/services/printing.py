"""From what readers are to be told to rows: each different digest rendered once, its edition stored, and who got it."""

import logging
import uuid
from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from common.languages import site_languages
from newsletters.digests.board import Choice
from newsletters.digests.choosing import Chosen, choose_events, choose_practices
from newsletters.digests.press import Content
from newsletters.models import Edition

EDITIONS_AT_ONCE = 50
SPACE = uuid.UUID("7f1c3c5e-3a0b-5c59-9a2f-8f6f7f0f6d11")
"""Names the keys of digests (UUIDv5)."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """A finished digest, for all who get the same: its edition, and what each subscription is thereby told."""

    edition_id: int
    practices: tuple[int, ...]
    events: tuple[int, ...]
    events_bits: int
    """Those of `events`: of an event all changes are told at once, and some readers know some of them already."""


NOTHING = Ready(0, (), (), 0)


# Rendering ---------------------------------------------------------------------------------------


def made_ready(run, frequency, plans, made):
    """{key: Ready} of these plans, each rendered once; an entry that fails is left out and the rest made without it."""
    wanted = {plan.key for plan in plans if plan.key}
    ready = {key: run.ready[key] for key in wanted & run.ready.keys()}
    contents = {key: _content(run, frequency, key) for key in wanted - ready.keys()}
    run.press.load(contents.values())
    by_hash, drafts = defaultdict(list), {}
    for key, content in contents.items():
        draft = run.press.draft(content)
        by_hash[draft.content_hash].append(key)
        drafts.setdefault(draft.content_hash, draft)
    editions = _stored(run, drafts, made)
    for content_hash, keys in by_hash.items():
        for key in keys:
            practices, events = contents[key].practices.told, contents[key].events.told
            ready[key] = Ready(editions[content_hash], practices, events, run.board.events.bits_of(events))
    return ready


def _content(run, frequency, key):
    languages, period, p_interest, p_bits, searches, e_interest, e_bits = key
    p_choice = run.choice(p_interest) if p_interest else Choice()
    e_choice = run.choice(e_interest) if e_interest else Choice()
    practices = choose_practices(run.board, p_bits, p_choice, searches) if p_bits else Chosen()
    events = choose_events(run.board, e_bits, e_choice) if e_bits else Chosen()
    known = _known_languages(languages)
    return Content(known, frequency, period, practices, events, p_choice, e_choice)


def _known_languages(languages):
    """A reader's languages as far as the site has them; the site's own for who named none."""
    known = tuple(code for code in languages.split(",") if code in site_languages())
    return known or (settings.LANGUAGE_CODE,)


def _stored(run, drafts, made):
    """{content hash: id of its edition}; those that are not there are written, in the order of their hashes.

    The order keeps workers that make the same digests at once from waiting for one another in a circle.
    """
    found = _editions_of(drafts)
    missing = sorted(set(drafts) - set(found))
    made.editions += len(missing)
    for start in range(0, len(missing), EDITIONS_AT_ONCE):
        some = missing[start : start + EDITIONS_AT_ONCE]
        rows = {content_hash: _edition(drafts[content_hash], run.now) for content_hash in some}
        Edition.objects.bulk_create(rows.values(), ignore_conflicts=True)
        found |= _editions_of(some)
        for content_hash in set(some) - set(found):
            found[content_hash] = _written_again(rows[content_hash])
    return found


def _editions_of(hashes):
    same = Edition.objects.filter(campaign__isnull=True, content_hash__in=list(hashes)).exclude(html="")
    return dict(same.order_by().values_list("content_hash", "pk"))


def _written_again(edition):
    """The edition of which only the row was left, its text having been deleted some time after it was sent."""
    same = Edition.objects.filter(campaign__isnull=True, content_hash=edition.content_hash)
    fields = ("subject", "html", "text", "news", "made_at")
    same.update(**{name: getattr(edition, name) for name in fields})
    return same.get().pk


def _edition(draft, now):
    return Edition(
        language=draft.content.language,
        subject=draft.subject,
        html=draft.html,
        text=draft.text,
        content_hash=draft.content_hash,
        news=draft.content.news,
        made_at=now,
    )


# Writing -----------------------------------------------------------------------------------------

_WRITE = """
WITH plan AS (
    SELECT * FROM unnest(%(subscribers)s::bigint[], %(periods)s::text[], %(editions)s::bigint[], %(keys)s::uuid[],
        %(domains)s::text[]) AS p(subscriber_id, period, edition_id, key, domain)
), made AS (
    INSERT INTO newsletters_digestissue (subscriber_id, frequency, period, made_at, edition_id)
    SELECT subscriber_id, %(frequency)s, period, %(now)s, edition_id FROM plan
    RETURNING id, subscriber_id
)
INSERT INTO newsletters_delivery (key, issue_id, subscriber_id, edition_id, state, skip_reason, attempts,
    next_attempt_at, smtp_code, domain, queued_at)
SELECT p.key, m.id, p.subscriber_id, p.edition_id, 'queued', '', 0, %(now)s, '', p.domain, %(now)s
FROM made m JOIN plan p ON p.subscriber_id = m.subscriber_id WHERE p.edition_id IS NOT NULL
"""
# A conflict would mean that something is told twice: then the block is undone, and made from the ledger as it is then.
_LEDGER = """
INSERT INTO newsletters_digestitem (subscription_id, news_id)
SELECT s.id, t.news_id FROM unnest(%s::bigint[], %s::int[]) AS s(id, place)
JOIN unnest(%s::int[], %s::bigint[]) AS t(place, news_id) ON t.place = s.place
"""


def write(run, frequency, plans, ready, made):
    """Issues, deliveries and the ledger, in two statements."""
    if not plans:
        return
    whole = [(plan, ready[plan.key] if plan.key else NOTHING) for plan in plans]
    values = {
        "subscribers": [plan.subscriber_id for plan in plans],
        "periods": [plan.period for plan in plans],
        "editions": [done.edition_id or None for _plan, done in whole],
        "keys": [str(delivery_key(plan.uid, frequency, plan.period)) for plan in plans],
        "domains": [plan.domain for plan in plans],
        "frequency": frequency,
        "now": run.now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)
        made.sent += cursor.rowcount
        made.empty += len(plans) - cursor.rowcount
        cursor.execute(_LEDGER, _ledger(run, whole))
        made.told += cursor.rowcount


def _ledger(run, whole):
    """([subscription], [place of its list]), ([place], [news]): each list of news goes to the database once."""
    places, subscriptions, lists, list_places, news = {}, [], [], [], []
    for plan, done in whole:
        events = done.events
        if known := plan.events_told & done.events_bits:
            events = tuple(item.news_id for item in run.board.events.of(done.events_bits & ~known))
        for subscription, ids in ((plan.practices_id, done.practices), (plan.events_id, events)):
            if not ids:
                continue
            if ids not in places:
                places[ids] = len(places)
                list_places += [places[ids]] * len(ids)
                news += ids
            subscriptions.append(subscription)
            lists.append(places[ids])
    return subscriptions, lists, list_places, news


def delivery_key(uid, frequency, period) -> uuid.UUID:
    """Names a digest for ever: it stands in the Message-ID, so that a repetition can be told."""
    return uuid.uuid5(SPACE, f"{uid}:{frequency}:{period}")
