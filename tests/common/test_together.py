"""Doing in one go what several threads ask for: nobody is left out, and nobody bears another's error."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.together import Together


class Work:
    """Squares numbers; the first round lasts until `go` is set. Keeps what each round was given."""

    def __init__(self, refuse=lambda items: None):
        self.rounds, self.go, self.has_begun = [], threading.Event(), threading.Event()
        self._refuse = refuse

    def __call__(self, group, take):
        items = take()
        self.rounds.append((group, items))
        self.has_begun.set()
        assert self.go.wait(10)
        self._refuse(items)
        return [item * item for item in items]


def first_and_then(together, work, first, then, group="a"):
    """Futures of one call that is being worked on, and of others that came meanwhile."""
    pool = ThreadPoolExecutor(len(then) + 1)
    futures = [pool.submit(together, group, first)]
    assert work.has_begun.wait(10)
    futures += [pool.submit(together, group, item) for item in then]
    line = together._lines[group]
    while len(line.places) < len(then):
        pass
    work.go.set()
    pool.shutdown()
    return futures


def test_who_comes_while_one_is_served_is_served_in_one_round_and_gets_the_own_outcome():
    work = Work()
    futures = first_and_then(Together(work), work, 1, [2, 3, 4])
    assert [future.result() for future in futures] == [1, 4, 9, 16]
    assert [(group, sorted(items)) for group, items in work.rounds] == [("a", [1]), ("a", [2, 3, 4])]


def test_who_comes_before_the_work_takes_is_in_the_same_round():
    arrived, rounds = threading.Event(), []

    def work(group, take):
        assert arrived.wait(10)
        rounds.append(take())
        return rounds[-1]

    together = Together(work)
    pool = ThreadPoolExecutor(3)
    futures = [pool.submit(together, "a", item) for item in (1, 2, 3)]
    while "a" not in together._lines or len(together._lines["a"].places) < 3:
        pass
    arrived.set()
    pool.shutdown()
    assert ([future.result() for future in futures], sorted(rounds[0]), len(rounds)) == ([1, 2, 3], [1, 2, 3], 1)


def test_error_of_one_is_raised_for_that_one_alone():
    def refuse(items):
        if 3 in items:
            raise KeyError(3)

    work = Work(refuse)
    _first, *others = first_and_then(Together(work), work, 1, [2, 3, 4])
    assert [future.exception() and type(future.exception()) for future in others] == [None, KeyError, None]
    assert [others[0].result(), others[2].result()] == [4, 16]


def test_shared_error_is_raised_for_all_and_not_tried_again_for_each():
    def refuse(items):
        if 3 in items:
            raise TimeoutError

    work = Work(refuse)
    first, *others = first_and_then(Together(work, shared=(TimeoutError,)), work, 1, [2, 3, 4])
    assert (first.result(), [type(future.exception()) for future in others]) == (1, [TimeoutError] * 3)
    assert len(work.rounds) == 2


def test_error_before_anybody_was_taken_reaches_who_waits():
    def work(group, take):
        raise TimeoutError

    with pytest.raises(TimeoutError):
        Together(work, shared=(TimeoutError,))("a", 1)


def test_groups_do_not_wait_for_each_other():
    go, has_begun = threading.Event(), threading.Event()

    def work(group, take):
        if group == "slow":
            has_begun.set()
            assert go.wait(10)
        return take()

    together = Together(work)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(together, "slow", 1)
        assert has_begun.wait(10)
        assert (together("quick", 2), slow.done()) == (2, False)
        go.set()
        assert slow.result() == 1


def test_nothing_is_kept_of_groups_that_are_served():
    together = Together(lambda group, take: take())
    assert (together("a", 1), len(together._lines)) == (1, 0)
