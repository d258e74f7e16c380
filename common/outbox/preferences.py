"""What a person wants of mail. Accounts know; they answer through the function that is set here."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

AT_ONCE, DAILY, NONE = "at_once", "daily", "none"

_answers: dict[str, Callable] = {}


def answer_with(function: Callable | None) -> None:
    """Ask `function(person, kind_code)`, which returns AT_ONCE, DAILY or NONE; None: everybody gets mail at once."""
    if function is None:
        _answers.pop("preference", None)
    else:
        _answers["preference"] = function


def preference_of(person, kind: str) -> str:
    answer = _answers["preference"](person, kind) if person is not None and _answers else AT_ONCE
    if answer not in {AT_ONCE, DAILY, NONE}:
        raise ValueError(f"{answer!r} is none of {AT_ONCE}, {DAILY}, {NONE}.")
    return answer


def zone_of(person) -> ZoneInfo:
    """The person's time zone, or the site's for those who have none that exists."""
    try:
        return ZoneInfo(getattr(person, "time_zone", "") or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)
