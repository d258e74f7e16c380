"""Who goes into which group of a break-out session. Pure: plain values in, plain values out.

What counts, each only where all before it are equal:

1. nobody exceeds a group's places, who was fixed by hand stays, and everybody has a place while there is room;
2. as few people as possible sit in a group whose language they do not follow;
3. wishes: the first costs nothing, the second a little, a group that somebody with wishes did not name most;
4. groups of even size;
5. people of one country, and of one type of organisation, are spread over the groups.

The first four are a transport problem, solved exactly by shortest augmenting paths over the groups (Edmonds and Karp
1972; there are few groups, so that each path is found among them and not among the people). The last is improved by
exchanging two people while that costs nothing of the others. The answer does not depend on the order of the input.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import combinations

OF_WISH = (0, 1, 3)
"""What it costs to get the first, second, third wish; later ones cost as the third."""

OF_NO_WISH = 6
EVEN, WISH, LANGUAGE = 1, 10**10, 10**16
"""Weights so far apart that the lesser never outweighs the greater, up to fifty thousand people."""

ROUNDS = 12
MOST_COMPARED = 3_000_000
"""Pairs of people that are looked at for a better mix, a few seconds: enough for a thousand people in full."""


@dataclass(frozen=True)
class Person:
    """`key` orders people: where places lack, who comes first has one. `wishes` are keys of groups, the dearest first."""

    key: int
    languages: frozenset[str] = frozenset()
    country: str = ""
    role: str = ""
    wishes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Group:
    """`places` None: no limit. `language` "": everybody follows it."""

    key: int
    places: int | None = None
    language: str = ""


def follows(person: Person, group: Group) -> bool:
    """Whether the person follows the group's language, or nothing is known of either."""
    return not group.language or not person.languages or group.language in person.languages


def cost(person: Person, group: Group) -> int:
    """What it costs to put this person into this group, before sizes and mix."""
    found = 0 if follows(person, group) else LANGUAGE
    if person.wishes:
        rank = person.wishes.index(group.key) if group.key in person.wishes else None
        found += WISH * (OF_NO_WISH if rank is None else OF_WISH[min(rank, len(OF_WISH) - 1)])
    return found


def plan(people: Iterable[Person], groups: Iterable[Group], fixed: Mapping[int, int] | None = None) -> dict[int, int]:
    """{key of person: key of group}; who is missing found no place. `fixed` people stay, even where too many are."""
    people = sorted(people, key=lambda person: person.key)
    groups = sorted(groups, key=lambda group: group.key)
    fixed = {person: group for person, group in (fixed or {}).items() if any(one.key == group for one in groups)}
    movable = [person for person in people if person.key not in fixed]
    if not groups:
        return {}
    filling = _Filling(groups, Counter(fixed[person.key] for person in people if person.key in fixed))
    for person in movable:
        filling.add(person)
    places = filling.places()
    everyone = {person.key: person for person in people}
    held = {key: group for key, group in fixed.items() if key in everyone}
    _mix(everyone, {group.key: group for group in groups}, places, held)
    return held | places


class _Filling:
    """Groups with the people in them, of least cost at any time for all that have been added."""

    def __init__(self, groups, taken):
        self.groups = groups
        self.size = [taken[group.key] for group in groups]
        self.members = [{} for _group in groups]
        """Of each group: {key of person: what the person costs in each of the groups}."""
        self.leaving = [[[] for _goal in groups] for _origin in groups]
        """For each pair of groups a heap of (what it costs to move somebody from the first to the second, whom); who has
        left meanwhile is passed over when found on top."""

    def add(self, person):
        """Put a person where that is cheapest for all, moving others on if need be. Without room nothing changes."""
        costs = [cost(person, group) for group in self.groups]
        count = range(len(self.groups))
        distance, before = list(costs), [None] * len(self.groups)
        moves = self._moves()
        for _round in count:
            is_changed = False
            for origin in count:
                for goal in count:
                    move = moves[origin][goal]
                    if move is not None and distance[origin] + move[0] < distance[goal]:
                        distance[goal], before[goal] = distance[origin] + move[0], origin
                        is_changed = True
            if not is_changed:
                break
        open_groups = [place for place in count if self._has_room(place)]
        if not open_groups:
            return
        goal = min(open_groups, key=lambda place: (distance[place] + EVEN * (2 * self.size[place] + 1), place))
        self.size[goal] += 1
        while (origin := before[goal]) is not None:
            key = moves[origin][goal][1]
            self._put(goal, key, self.members[origin].pop(key))
            goal = origin
        self._put(goal, person.key, costs)

    def _put(self, place, key, costs):
        self.members[place][key] = costs
        for goal, heap in enumerate(self.leaving[place]):
            if goal != place:
                heappush(heap, (costs[goal] - costs[place], key))

    def _has_room(self, place):
        places = self.groups[place].places
        return places is None or self.size[place] < places

    def _moves(self):
        """For each pair of groups: (what it costs to move somebody from the first to the second, whom), or None."""
        return [
            [self._cheapest(members, heap) for heap in heaps]
            for members, heaps in zip(self.members, self.leaving, strict=True)
        ]

    @staticmethod
    def _cheapest(members, heap):
        while heap and heap[0][1] not in members:
            heappop(heap)
        return heap[0] if heap else None

    def places(self):
        return {key: group.key for group, held in zip(self.groups, self.members, strict=True) for key in held}


def _mix(people, groups, places, held):
    """Exchange people between groups, in place, while that spreads countries and roles and costs nothing else."""
    counts = {key: (Counter(), Counter()) for key in groups}
    for key, group in (held | places).items():
        for counter, value in zip(counts[group], _kinds(people[key]), strict=True):
            counter[value] += 1
    inside = {key: sorted(person for person, group in places.items() if group == key) for key in groups}
    costs = {key: {group.key: cost(people[key], group) for group in groups.values()} for key in places}
    compared = 0
    for _round in range(ROUNDS):
        is_changed = False
        for first, second in combinations(sorted(groups), 2):
            compared += len(inside[first]) * len(inside[second])
            if compared > MOST_COMPARED:
                return
            for one in list(inside[first]):
                for other in list(inside[second]):
                    before = costs[one][first] + costs[other][second]
                    if costs[one][second] + costs[other][first] != before:
                        continue
                    if _gain(people[one], people[other], counts[first], counts[second]) <= 0:
                        continue
                    _exchange(people[one], people[other], counts[first], counts[second])
                    inside[first][inside[first].index(one)] = other
                    inside[second][inside[second].index(other)] = one
                    places[one], places[other] = second, first
                    is_changed = True
                    break
        if not is_changed:
            return


def _kinds(person):
    return person.country, person.role


def _gain(one, other, here, there):
    """By how much the sum of squares of countries and roles shrinks, halved, if the two change places."""
    found = 0
    for mine, theirs, first, second in zip(_kinds(one), _kinds(other), here, there, strict=True):
        if mine == theirs:
            continue
        if mine:
            found += first[mine] - 1 - second[mine]
        if theirs:
            found += second[theirs] - 1 - first[theirs]
    return found


def _exchange(one, other, here, there):
    for mine, theirs, first, second in zip(_kinds(one), _kinds(other), here, there, strict=True):
        first[mine] -= 1
        second[mine] += 1
        second[theirs] -= 1
        first[theirs] += 1
