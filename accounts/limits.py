"""How often a person may do something: the store and the periods of the sign-in's limits, for other pages too."""

import logging
import math
import time
from datetime import datetime, timedelta
from functools import wraps

from allauth.core.exceptions import RateLimited
from allauth.core.internal import ratelimit
from django.utils.timesince import timesince
from redis.exceptions import RedisError

UNKNOWN_WAIT = 60
"""Seconds, where the store was too busy to say."""

logger = logging.getLogger(__name__)


def too_often(request, action) -> bool:
    """Count a try of a signed-in person, whatever the method; True where there were too many.

    For what costs us time only. Where the store does not answer, nobody is kept from working.
    """
    try:
        return not ratelimit.consume(request, app="allauth.account", action=action, limit_get=True)
    except RedisError as error:
        logger.error("The store of the rate limits does not answer: %s", error)
        return False


def over_limit(request, action, *, key) -> bool:
    """Count a try by the limits of an action, where "key" stands for such as an address that was typed; True: too many.

    For what costs others, such as mails: raises RedisError where tries cannot be counted.
    """
    return not ratelimit.consume(request, app="allauth.account", action=action, key=key, limit_get=True)


def seconds_to_wait(request) -> int:
    """After a limit has refused this request: until it would not."""
    return getattr(request, "seconds_to_wait", UNKNOWN_WAIT)


def wait_in_words(request) -> str:
    """The same for people: "4 minutes" in the current language, never less than one."""
    start = datetime(2000, 1, 1)
    return timesince(start, start + timedelta(minutes=math.ceil(seconds_to_wait(request) / 60)))


def note_waits() -> None:
    """Make allauth leave at the request how long to wait: what it calls to answer is not told which limit it was."""
    consume = ratelimit._consume_single_rate

    @wraps(consume)
    def noting(request, **options):
        try:
            usage = consume(request, **options)
        except RateLimited:
            _note(request, options)
            raise
        if usage is None:
            _note(request, options)
        return usage

    ratelimit._consume_single_rate = noting


def _note(request, options):
    rate = options["rate"]
    names = {name: options.get(name) for name in ("app", "action", "key", "user")}
    tries = ratelimit.cache.get(ratelimit.get_cache_key(request, rate=rate, **names), [])
    if len(tries) >= rate.amount:
        # The newest comes first; the oldest makes room.
        request.seconds_to_wait = max(1, math.ceil(tries[-1] + rate.duration - time.time()))
