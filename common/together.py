"""Doing in one go what several threads ask for at the same moment."""

import threading
import weakref


class Together:
    """Does one piece of work for several threads at once: who comes while it is being done is in the next round.

    `work(group, take)` calls `take()` once, as late as it can, for the items of all who wait by then, and returns one
    outcome for each. Only rounds of the same group wait for each other. Where the work fails for several items it is
    done for each of them alone, so that nobody bears another's error; errors of the classes `shared` concern all.
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
                self._serve(group, line)
        if place.error is not None:
            raise place.error
        return place.outcome

    def _serve(self, group, line):
        served = []

        def take():
            with self._lock:
                served.extend(line.places)
                line.places.clear()
            return [place.item for place in served]

        try:
            outcomes = self._work(group, take)
        except BaseException as error:
            if not served:
                take()
            self._serve_after(error, group, served)
        else:
            for place, outcome in zip(served, outcomes, strict=True):
                place.serve(outcome)

    def _serve_after(self, error, group, places):
        is_for_all = len(places) == 1 or isinstance(error, self._shared) or not isinstance(error, Exception)
        for place in places:
            if is_for_all:
                place.serve(error=error)
            else:
                self._serve(group, _Line([place]))


class _Line:
    """The places of those who wait for a round, and whose turn it is."""

    def __init__(self, places=()):
        self.turn = threading.Lock()
        self.places = list(places)


class _Place:
    def __init__(self, item):
        self.item, self.outcome, self.error, self.is_served = item, None, None, False

    def serve(self, outcome=None, *, error=None):
        self.outcome, self.error, self.is_served = outcome, error, True
