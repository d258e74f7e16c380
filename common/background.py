"""The one way from a request to the workers."""

import logging
import time
from functools import partial

from celery import current_app
from django.db import transaction
from kombu import pools
from kombu.exceptions import KombuError

PATIENCE = 0.25
"""Seconds that a request waits for the broker to take a connection, and again for each answer."""

PAUSE = 15.0
"""Seconds without a further try after the broker did not answer."""

logger = logging.getLogger(__name__)
_pause = {"until": 0.0}


def enqueue(task: str, *args) -> None:
    """Hand a task, by its name, to the workers once the present transaction is committed.

    What is being saved stays saved when the broker is down: that is logged, and whoever enqueues has another way to
    find what is still to be done.
    """
    transaction.on_commit(partial(_send, task, args))


def _send(task, args):
    if time.monotonic() < _pause["until"]:
        logger.error("Task %s%r was not handed to the workers: the broker did not answer a moment ago", task, args)
        return
    try:
        with _producers().acquire() as producer:
            current_app.signature(task, args=args).apply_async(producer=producer, retry=False)
    except (KombuError, OSError) as error:
        _pause["until"] = time.monotonic() + PAUSE
        logger.error("Task %s%r could not be handed to the workers: %s", task, args, error)


def _producers():
    """Connections of requests are their own: those of workers wait long for messages, and seek a lost broker for long.

    A broker that refuses is not asked again: without `max_retries` that alone takes six seconds.
    """
    options = {"max_retries": 0, "socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE}
    return pools.producers[current_app.connection_for_write(transport_options=options)]
