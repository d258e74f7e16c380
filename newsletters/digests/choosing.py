"""What of all that fits a reader stands in the digest, in which order, and why."""

from dataclasses import dataclass

from newsletters.digests.board import STRENGTH, Board, Choice, Item, Kind

MOST_PRACTICES, MOST_EVENTS = 8, 6
"""A screenful. The rest stays for the next time, and a line says how much it is."""

ALL = ("all", 0)
"""The reason where somebody asked for everything."""

_STRENGTH = {kind: number for number, kind in enumerate(STRENGTH)}


@dataclass(frozen=True, slots=True)
class Search:
    """A saved search: what its owner calls it, and what it asks."""

    label: str
    query: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as it stands in a digest. `reasons` are ("theme" | "network", id), ("search", Search) or ALL."""

    item: Item
    reasons: tuple


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is shown of practices or of events, how many more there are, and the ids that are thereby told."""

    entries: tuple[Entry, ...] = ()
    more: int = 0
    told: tuple[int, ...] = ()


def choose_practices(board: Board, candidates: int, interest: Choice, searches: tuple[Search, ...]) -> Chosen:
    """The practices with most reasons first, among them the newest; `candidates` are bits of the board."""
    side = board.practices
    numbers = [side.by_theme.get(key, 0) for key in interest.themes]
    numbers += [side.by_network.get(key, 0) for key in interest.networks]
    numbers += [board.found_by(search.query) for search in searches]
    levels = [candidates]
    """`levels[n]`: what has at least n reasons."""
    for number in numbers:
        for level in range(len(levels) - 1, -1, -1):
            if reached := levels[level] & number:
                if level + 1 == len(levels):
                    levels.append(0)
                levels[level + 1] |= reached
    shown, fitting = [], side.fitting(interest)
    for level in reversed(levels):
        for item in side.of(level & candidates):
            shown.append(Entry(item, _reasons(item, interest, searches, board, fits=bool(item.bit & fitting))))
            candidates ^= item.bit
            if len(shown) == MOST_PRACTICES:
                return Chosen(tuple(shown), candidates.bit_count(), _ids(shown))
    return Chosen(tuple(shown), 0, _ids(shown))


def choose_events(board: Board, candidates: int, interest: Choice) -> Chosen:
    """Each event once, by its strongest change: changes first, then those with most reasons, then the soonest."""
    side = board.events
    strongest = {}
    for item in side.of(candidates):
        other = strongest.get(item.record_id)
        if other is None or _rank(item) < _rank(other):
            strongest[item.record_id] = item
    entries = [Entry(item, _reasons(item, interest, (), board, fits=True)) for item in strongest.values()]
    # The board's own order is that of time.
    entries.sort(key=lambda entry: (entry.item.kind == Kind.NEW, -len(entry.reasons), entry.item.bit))
    shown = entries[:MOST_EVENTS]
    told = [other.news_id for entry in shown for other in side.of(side.by_record[entry.item.record_id])]
    return Chosen(tuple(shown), len(entries) - len(shown), tuple(told))


def _rank(item):
    return _STRENGTH[item.kind], -item.at.timestamp()


def _reasons(item, interest, searches, board, *, fits):
    found = []
    if fits:
        found += [("theme", key) for key in interest.themes if key in item.themes]
        found += [("network", key) for key in interest.networks if key in item.networks]
    found += [("search", search) for search in searches if board.found_by(search.query) & item.bit]
    return tuple(found) or (ALL,)


def _ids(entries):
    return tuple(entry.item.news_id for entry in entries)
