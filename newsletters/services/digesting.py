"""Digests: who is due, what each is told, written down so that nothing comes twice and nothing is missed.

A digest is made once per subscriber, frequency and period. What it tells is everything that fits and that the subscription
has not been told, by the ledger; so it does not matter when the run before took place. Subscribers are worked off in blocks
of ids, a transaction each: a block is one worker's at a time, and a worker that dies leaves no half of it behind.
"""

import logging
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from newsletters.digests.board import Board, Choice
from newsletters.digests.choosing import Search
from newsletters.digests.press import CardError, Press
from newsletters.models import ConsentEvent, Frequency, Interest, SavedSearch, Subscription
from newsletters.periods import due_periods
from newsletters.services.gathering import LOOK_BACK, gather
from newsletters.services.printing import made_ready, write
from newsletters.services.taking_back import taken_back

BLOCK = 5_000
MOST_KEPT = 50_000
LOOK_AGAIN_AFTER = timedelta(minutes=10)
_LOCK = 5_170_000
_FREQUENCIES = tuple(Frequency.values)
_RECEIVING = "(w.state = 'active' OR w.state = 'paused' AND w.paused_until <= %(now)s)"

logger = logging.getLogger(__name__)


@dataclass
class Made:
    """What a run did: digests to be sent, periods without anything to tell, seconds by part of the work.

    `told` counts items of the ledger, `pulled` digests that were taken back or skipped before they were sent.
    """

    sent: int = 0
    empty: int = 0
    editions: int = 0
    told: int = 0
    pulled: int = 0
    seconds: Counter = field(default_factory=Counter)

    def __iadd__(self, other):
        for name in ("sent", "empty", "editions", "told", "pulled", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


class Run:
    """The news of a moment and all that was made of it, kept from block to block."""

    def __init__(self, now: datetime):
        self.now = now
        self.left_out = set()
        """News that could not be rendered."""
        used = Subscription.objects.filter(interest=OuterRef("pk"), state__in=Subscription.LIVE)
        rows = Interest.objects.filter(Exists(used)).values_list("pk", "themes", "networks", "languages")
        self.choices = {pk: Choice(*map(tuple, lists)) for pk, *lists in rows.iterator()}
        self.read()

    def read(self):
        """Look at the records anew; nothing that was made of their former state is used any more."""
        self.board, self.press = Board(self.now, self.now - LOOK_BACK), Press()
        self.fitting, self.ready, self.editions = ({}, {}), {}, {}

    def keep_true(self):
        """Begin anew where a record was withdrawn or edited since it was read."""
        if self.board.present_state() != self.board.state:
            self.read()

    def leave_out(self, item):
        self.left_out.add(item.news_id)
        self.read()

    def fits(self, interest_id, *, is_event) -> int:
        """The bits of what an interest asks for, found once."""
        known = self.fitting[is_event]
        if interest_id not in known:
            side = self.board.events if is_event else self.board.practices
            choice = self.choice(interest_id)
            known[interest_id] = side.fitting(choice) & ~side.told(self.left_out_ids)
        return known[interest_id]

    @property
    def left_out_ids(self):
        return ",".join(map(str, sorted(self.left_out)))

    def choice(self, interest_id):
        if interest_id not in self.choices:
            self.choices[interest_id] = _choice(interest_id)
        return self.choices[interest_id]


def _choice(interest_id):
    interest = Interest.objects.get(pk=interest_id)
    return Choice(tuple(interest.themes), tuple(interest.networks), tuple(interest.languages))


def make_due(now=None, *, seconds=None, block=BLOCK, spares_looks=False) -> Made:
    """Make all digests that are due, or as many as can be in so many seconds; safe to run by many at once, at any time.

    What one block fails with stops no other, and that block is due again. `spares_looks`, for who comes every minute: where
    nothing was due lately, readers are not looked through again for ten minutes, unless a further period has begun or
    somebody has subscribed or changed something.
    """
    now, begun, made = now or timezone.now(), time.monotonic(), Made()
    made.pulled = taken_back(now)
    # What was taken back is due again at once.
    look = blocks_due_lately if spares_looks and not made.pulled else blocks_due
    blocks = [
        (frequency, due, number) for frequency, due in due_now(now) for number in look(frequency, due, now, block)
    ]
    if not blocks:
        return made
    gather(now)
    run = Run(now)
    for frequency, due, number in blocks:
        if seconds is not None and time.monotonic() - begun > seconds:
            break
        try:
            made += make_chunk(run, frequency, due, number, block)
        except Exception:
            logger.exception("Digests of block %s (%s) could not be made", number, frequency)
            run = Run(now)
    return made


def due_now(now) -> list[tuple[str, dict[str, str]]]:
    """[(frequency, {zone: period})] of what is due, over the zones in which there are subscribers."""
    with connection.cursor() as cursor:
        cursor.execute(_ZONES)
        zones = [zone for (zone,) in cursor.fetchall()]
    found = [(frequency, due_periods(frequency, zones, now)) for frequency in _FREQUENCIES]
    return [(frequency, due) for frequency, due in found if due]


# From one zone to the next by the index: there are few of them, and many subscribers in each.
_ZONES = """
WITH RECURSIVE found AS (
    (SELECT time_zone FROM newsletters_subscriber WHERE email IS NOT NULL ORDER BY time_zone LIMIT 1)
    UNION ALL
    SELECT (SELECT s.time_zone FROM newsletters_subscriber s
        WHERE s.email IS NOT NULL AND s.time_zone > found.time_zone ORDER BY s.time_zone LIMIT 1)
    FROM found WHERE found.time_zone IS NOT NULL
)
SELECT time_zone FROM found WHERE time_zone IS NOT NULL
"""


# Nobody goes back to an earlier period, as who travels west would on a Monday morning. The zones are named twice: from an
# array the database can tell how many subscribers live there, from a join it cannot.
_WITHOUT_ISSUE = """
FROM unnest(%(zones)s::text[], %(periods)s::text[]) AS d(zone, period)
JOIN newsletters_subscriber s ON s.time_zone = d.zone AND s.email IS NOT NULL
    AND s.time_zone = ANY(%(zones)s::text[]) {these}
{joins}
WHERE NOT EXISTS (
    SELECT FROM newsletters_digestissue i
    WHERE i.subscriber_id = s.id AND i.frequency = %(frequency)s AND i.period >= d.period
) {wanted}
"""
_BLOCKS = "SELECT DISTINCT s.id / %(block)s " + _WITHOUT_ISSUE.format(
    these="",
    joins="",
    wanted=f"""AND EXISTS (SELECT FROM newsletters_subscription w WHERE w.subscriber_id = s.id
               AND w.frequency = %(frequency)s AND w.state IN ('active', 'paused') AND {_RECEIVING})""",
)


def blocks_due(frequency, due, now, block=BLOCK) -> list[int]:
    """Numbers of the blocks of subscribers in which a digest is due and not made; "block 3" are ids 15,000 to 19,999."""
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKS, _values(frequency, due, now) | {"block": block})
        return sorted(number for (number,) in cursor.fetchall())


def blocks_due_lately(frequency, due, now, block=BLOCK) -> list[int]:
    """As `blocks_due`, which goes through all readers of these zones; not asked again at once where nothing was due.

    That nothing was is a hint of this process: for the same zones and periods, and until somebody subscribes or changes
    something. Without a cache there is no hint.
    """
    hint = f"digests-made:{frequency}"
    seen = due, ConsentEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
    try:
        if cache.get(hint) == seen:
            return []
    except Exception:
        logger.warning("No hint which digests are made", exc_info=True)
    found = blocks_due(frequency, due, now, block)
    if not found:
        try:
            cache.set(hint, seen, LOOK_AGAIN_AFTER.total_seconds())
        except Exception:
            logger.warning("No hint that digests are made", exc_info=True)
    return found


def _values(frequency, due, now):
    return {"zones": list(due), "periods": list(due.values()), "frequency": frequency, "now": now}


@transaction.atomic
def make_chunk(run: Run, frequency: str, due: dict[str, str], number: int, block=BLOCK) -> Made:
    """Make the digests of one block, where no other worker is at it.

    `due` is {zone: period}. All of it is written in one transaction, or nothing.
    """
    made = Made()
    if not _is_ours(frequency, number):
        return made
    clock = time.perf_counter()
    run.keep_true()
    rows = _readers(run, frequency, due, number, block)
    while True:
        plans = _plan(run, rows)
        clock = _lap(made, "select", clock)
        try:
            ready = made_ready(run, frequency, plans, made)
            break
        except CardError as error:
            logger.exception("An entry of digests could not be rendered: %s", error)
            run.leave_out(error.item)
    clock = _lap(made, "render", clock)
    write(run, frequency, plans, ready, made)
    transaction.on_commit(lambda: _keep(run, ready))
    _lap(made, "rows", clock)
    return made


def _lap(made, part, clock):
    now = time.perf_counter()
    made.seconds[part] += now - clock
    return now


def _is_ours(frequency, number):
    """Take the lock of a block until the end of the transaction; False where another worker has it.

    Nobody waits for the disk when the block is committed: should the database fail just then, all of it is made again, for
    no mail is handed over before a later commit, which does wait.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK + _FREQUENCIES.index(frequency), number])
        return cursor.fetchone()[0]


def _keep(run, ready):
    """What was committed may be used by the next block."""
    if len(run.ready) > MOST_KEPT:
        run.ready.clear()
    run.ready |= ready


# Selecting ---------------------------------------------------------------------------------------

_READERS = (
    """SELECT s.id, s.uid::text, array_to_string(s.languages, ','), s.domain, d.period,
    p.id, CASE WHEN NOT p.only_searches THEN p.interest_id END,
    CASE WHEN p.active_from > %(since)s THEN extract(epoch FROM p.active_from)::float8 END,
    e.id, e.interest_id, CASE WHEN e.active_from > %(since)s THEN extract(epoch FROM e.active_from)::float8 END
"""
    + _WITHOUT_ISSUE.format(
        these="AND s.id BETWEEN %(first)s AND %(last)s",
        joins="".join(
            f"""LEFT JOIN newsletters_subscription {name} ON {name}.subscriber_id = s.id AND {name}.channel = '{channel}'
            AND {name}.frequency = %(frequency)s AND {_RECEIVING.replace("w.", name + ".")}
            """
            for name, channel in (("p", "practices"), ("e", "events"))
        ),
        wanted="AND (p.id IS NOT NULL OR e.id IS NOT NULL)",
    )
    + "ORDER BY s.id"
)
_TOLD = """
SELECT subscription_id, string_agg(news_id::text, ',' ORDER BY news_id) FROM newsletters_digestitem
WHERE subscription_id = ANY(%s) AND news_id >= %s GROUP BY subscription_id
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """One reader's digest before it is made; equal `key`, equal content."""

    subscriber_id: int
    uid: str
    domain: str
    period: str
    practices_id: int | None
    events_id: int | None
    events_told: int
    key: tuple | None
    """(languages, period, interest, bits, searches, interest, bits); None where there is nothing to tell."""


def _readers(run, frequency, due, number, block):
    values = _values(frequency, due, run.now)
    values |= {"since": run.board.since, "first": number * block, "last": number * block + block - 1}
    with connection.cursor() as cursor:
        cursor.execute(_READERS, values)
        return cursor.fetchall()


def _plan(run, rows):
    """What each reader is to be told."""
    told = _told(run, [pk for row in rows for pk in (row[5], row[8]) if pk])
    searches = _searches(run, rows)
    practices, events = run.board.practices, run.board.events
    left_out = practices.told(run.left_out_ids)
    plans = []
    for pk, uid, languages, domain, period, p_id, p_interest, p_from, e_id, e_interest, e_from in rows:
        p_bits = e_bits = e_told = 0
        own = ()
        if p_id:
            # Without an interest only what saved searches find is wanted.
            p_bits = run.fits(p_interest, is_event=False) if p_interest else 0
            for search, since in searches.get(pk, ()):
                own += (search,)
                p_bits |= run.board.found_by(search.query) & practices.since(since)
            p_bits &= practices.since(p_from) & ~practices.told(told.get(p_id, "")) & ~left_out
        if e_id:
            e_bits = run.fits(e_interest, is_event=True)
            e_told = events.told(told.get(e_id, ""))
            e_bits &= events.since(e_from) & ~e_told
        key = (languages, period, p_interest, p_bits, own, e_interest, e_bits) if p_bits or e_bits else None
        plans.append(Plan(pk, uid, domain, period, p_id, e_id, e_told, key))
    return plans


def _told(run, subscription_ids):
    """{subscription: "1,2,3"} of what the ledger says of present news."""
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, [subscription_ids, run.board.first_id])
        return dict(cursor.fetchall())


def _searches(run, rows):
    """{subscriber: [(saved search, since when)]} of these readers, and perhaps of others between them.

    What a search found when it was saved is not new: it counts from then, as `Side.since` wants it.
    """
    found = defaultdict(list)
    if not rows:
        return found
    # By the block's limits: to name thousands of ids takes longer than to read a few searches too many.
    saved = SavedSearch.objects.filter(subscriber_id__gte=rows[0][0], subscriber_id__lte=rows[-1][0])
    rows = saved.order_by("subscriber", "pk").values_list("subscriber", "label", "query", "created_at")
    for subscriber, label, query, at in rows:
        since = at.timestamp() if at > run.board.since else None
        found[subscriber].append((Search(label, query), since))
    return found
