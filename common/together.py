"""Doing in one go what several threads ask for at the same moment."""

import threading
import weakref


class Together:
    """Does one piece of work for several threads at once: who comes while it is being done is in the next round.

    `work(group, items)` returns one outcome for each item. Only rounds of the same group wait for each other. Where
    the work fails for several items it is done for each of them alone, so that nobody bears another's error; errors of
    the classes `shared` concern all of the round and are raised for each.
    """

    def __init__(self, work, *, shared=()):
        self._work, self._shared = work, shared
        self._lock = threading.Lock()
        self._lines = weakref.WeakValueDictionary()

    def __call__(self, group, item):
        place = _Place(item)
        with self._lock:
            line = self._lines.get(group)
            if line is None:
                line = self._lines[group] = _Line()
            line.places.append(place)
        with line.turn:
            if not place.is_served:
                with self._lock:
                    places, line.places = line.places, []
                self._serve(group, places)
        if place.error is not None:
            raise place.error
        return place.outcome

    def _serve(self, group, places):
        try:
            outcomes = self._work(group, [place.item for place in places])
        except self._shared as error:
            for place in places:
                place.serve(error=error)
        except Exception as error:
            if len(places) == 1:
                places[0].serve(error=error)
                return
            for place in places:
                self._serve(group, [place])
        else:
            for place, outcome in zip(places, outcomes, strict=True):
                place.serve(outcome)


class _Line:
    """The places of those who wait for a round, and whose turn it is."""

    def __init__(self):
        self.turn = threading.Lock()
        self.places = []


class _Place:
    def __init__(self, item):
        self.item, self.outcome, self.error, self.is_served = item, None, None, False

    def serve(self, outcome=None, *, error=None):
        self.outcome, self.error, self.is_served = outcome, error, True
