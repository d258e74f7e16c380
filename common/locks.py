"""Work on one thing by one worker at a time, without a row that would stay locked when a worker is killed."""

import logging
from contextlib import contextmanager

from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)


@contextmanager
def alone(space: int, key: int):
    """Whether no other worker has this in hand. `space` is a kind of work's own number, `key` the thing's id.

    The lock goes with the connection, should the worker be killed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [space, key])
        [is_alone] = cursor.fetchone()
    try:
        yield is_alone
    finally:
        if is_alone and connection.is_usable():
            _release(space, key)


def _release(space, key):
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [space, key])
    except DatabaseError:
        logger.warning("The lock %s of %s went with its connection", key, space)
