"""All that may be told at one moment, held so that what fits a reader is found by a few operations on whole numbers.

Each piece of news has one bit. A theme, a network, a language, what somebody has been told already: each is a number with
the bits of its news, and a question about thousands of pieces is one `&` or `|`.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.http import QueryDict

from newsletters.models import News
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version
from practices.search.library import matching_among
from practices.search.request import LibraryRequest

Kind = News.Kind
STRENGTH = (Kind.CANCELLED, Kind.POSTPONED, Kind.RESCHEDULED, Kind.MOVED_ONLINE, Kind.REPORTED, Kind.NEW)
"""Of several changes of one event the first of these is told; the others are thereby known too."""

# Of what is over only the report is told; a change that another one has replaced is told no more.
_TELLABLE = """CASE n.kind
    WHEN 'new' THEN e.status = 'postponed' OR e.status = 'published' AND e.ends_at >= %(now)s
    WHEN 'rescheduled' THEN e.status = 'published' AND e.ends_at >= %(now)s
    WHEN 'moved-online' THEN e.status = 'published' AND e.mode = 'online' AND e.ends_at >= %(now)s
    WHEN 'postponed' THEN e.status = 'postponed'
    WHEN 'cancelled' THEN e.status = 'cancelled' AND (e.ends_at IS NULL OR e.ends_at >= %(now)s)
    WHEN 'reported' THEN e.status IN ('reported', 'archived')
    ELSE FALSE
END"""
_NEWS = """
SELECT {columns}
FROM newsletters_news n JOIN practices_practice p ON p.id = n.practice_id
WHERE n.at BETWEEN %(since)s AND %(now)s AND p.status = 'published' AND p.visibility = 'public'
UNION ALL
SELECT {event_columns}
FROM newsletters_news n JOIN events_event e ON e.id = n.event_id
WHERE (n.at >= %(since)s OR n.kind = 'new') AND n.at <= %(now)s AND e.status <> 'draft' AND e.visibility = 'public'
"""
_COLUMNS = "n.id, n.kind, FALSE AS is_event, n.practice_id AS record, n.at, n.themes, n.networks, n.languages, "
_EVENT_COLUMNS = "n.id, n.kind, TRUE, n.event_id, n.at, n.themes, n.networks, n.languages, "
_READ = (
    _NEWS.format(
        columns=_COLUMNS + "NULL::timestamptz AS starts_at, TRUE AS is_tellable",
        event_columns=_EVENT_COLUMNS + f"e.starts_at, {_TELLABLE}",
    )
    # Bits follow this order: practices from the newest, events from the soonest.
    + "ORDER BY is_event, starts_at NULLS LAST, at DESC, record DESC, id"
)
_STATE = "SELECT count(*), coalesce(sum(hashtext(state)::bigint), 0) FROM ({}) AS found".format(
    _NEWS.format(
        columns="concat_ws(' ', n.id, p.updated_at) AS state",
        event_columns=f"concat_ws(' ', n.id, e.updated_at, {_TELLABLE})",
    )
)


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of news. `record_id` is of its practice or event; `bit` is its own in the numbers of its side."""

    bit: int
    news_id: int
    kind: str
    is_event: bool
    record_id: int
    at: datetime
    starts_at: datetime | None
    themes: frozenset
    networks: frozenset
    languages: frozenset


class Side:
    """The news of practices, or of events, and the numbers by which they are found."""

    def __init__(self, rows):
        self.items: list[Item] = []
        self.tellable = 0
        self.by_theme, self.by_network, self.by_language, self.by_record = {}, {}, {}, {}
        self.bit_of = {}
        self._told, self._since = {"": 0}, {}
        for position, (news_id, kind, is_event, record, at, themes, networks, languages, starts_at, tell) in enumerate(
            rows
        ):
            bit = 1 << position
            self.items.append(
                Item(
                    bit, news_id, kind, is_event, record, at, starts_at,
                    frozenset(themes), frozenset(networks), frozenset(languages),
                )
            )  # fmt: skip
            self.bit_of[str(news_id)] = bit
            self.tellable |= bit if tell else 0
            for numbers, keys in (
                (self.by_theme, themes),
                (self.by_network, networks),
                (self.by_language, languages),
                (self.by_record, [record]),
            ):
                for key in keys:
                    numbers[key] = numbers.get(key, 0) | bit
        newest_first = sorted(self.items, key=lambda item: item.at, reverse=True)
        self._times = [-item.at.timestamp() for item in newest_first]
        self._newest_first = newest_first
        # An event to come is news for whoever subscribes now.
        self._always = sum(item.bit for item in self.items if item.is_event and item.kind == Kind.NEW)

    def of(self, number: int):
        """Yield the items whose bits are set, in their order."""
        while number:
            lowest = number & -number
            yield self.items[lowest.bit_length() - 1]
            number ^= lowest

    def bits_of(self, ids) -> int:
        """The number of these ids of news."""
        return sum(self.bit_of[str(key)] for key in ids)

    def fitting(self, interest: "Choice") -> int:
        """What an interest asks for and may be told: any of each list, an empty list meaning any at all."""
        found = self.tellable
        for keys, numbers in (
            (interest.themes, self.by_theme),
            (interest.networks, self.by_network),
            (interest.languages, self.by_language),
        ):
            if keys:
                found &= _any(numbers, keys)
        return found

    def told(self, ids: str) -> int:
        """The bits of news ids "1,2,3"; ids of what is no news any more have none. Many readers share a list."""
        if (found := self._told.get(ids)) is None:
            found = 0
            for key in ids.split(","):
                found |= self.bit_of.get(key, 0)
            if len(self._told) > 20_000:
                self._told.clear()
            self._told[ids] = found
        return found

    def since(self, moment: float | None) -> int:
        """What is not older than a moment (seconds of the epoch; None: all), and events that are still to come."""
        if moment is None:
            return -1
        count = bisect_right(self._times, -moment)
        if count not in self._since:
            self._since[count] = sum(item.bit for item in self._newest_first[:count]) | self._always
        return self._since[count]


@dataclass(frozen=True, slots=True)
class Choice:
    """What an Interest names, by ids."""

    themes: tuple = ()
    networks: tuple = ()
    languages: tuple = ()


@dataclass
class Board:
    """The news of a moment. `state` tells two boards apart that were read at different times."""

    now: datetime
    since: datetime
    practices: Side = field(init=False)
    events: Side = field(init=False)
    state: tuple = field(init=False)
    first_id: int = field(init=False)

    def __post_init__(self):
        self.state = self.present_state()
        with connection.cursor() as cursor:
            cursor.execute(_READ, {"since": self.since, "now": self.now})
            rows = cursor.fetchall()
        self.practices = Side([row for row in rows if not row[2]])
        self.events = Side([row for row in rows if row[2]])
        self.first_id = min((row[0] for row in rows), default=0)
        self._found = {}

    def present_state(self):
        """What changes when something here is withdrawn, edited, called off or over."""
        with connection.cursor() as cursor:
            cursor.execute(_STATE, {"since": self.since, "now": self.now})
            return cursor.fetchone()

    @property
    def tellable_ids(self) -> set[int]:
        return {item.news_id for side in (self.practices, self.events) for item in side.of(side.tellable)}

    def found_by(self, query: str) -> int:
        """The new practices that a saved search finds; each search is asked once. A filter that is gone finds nothing."""
        if query not in self._found:
            self._found[query] = self._ask(query)
        return self._found[query]

    def _ask(self, query):
        practices = {item.record_id: item.bit for item in self.practices.items}
        asked = LibraryRequest.parse(QueryDict(query), catalogue("en", library_version()[1]))
        if not practices or any(name not in ("sort", "page") for name, _value in asked.unknown):
            return 0
        return sum(practices[pk] for pk in matching_among(asked, practices))


def _any(numbers, keys):
    found = 0
    for key in keys:
        found |= numbers.get(key, 0)
    return found
