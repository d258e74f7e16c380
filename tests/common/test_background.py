import socket
import time
from functools import partial

import pytest
from celery import current_app
from django.conf import settings
from redis import Redis

from common import background

TASK = "tests.a_task_that_nobody_runs"


@pytest.fixture
def address():
    """Where nobody listens: the port was given out a moment ago and is closed again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def silent_address():
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setitem(background._pause, "until", 0.0)


def seconds_to_send(monkeypatch, address):
    monkeypatch.setattr(current_app, "connection_for_write", partial(current_app.connection_for_write, url=address))
    started = time.monotonic()
    background._send(TASK, ())
    return time.monotonic() - started


@pytest.mark.parametrize("broker", ["address", "silent_address"])
def test_send_broker_that_is_away_is_given_up_at_once(monkeypatch, request, caplog, broker):
    assert seconds_to_send(monkeypatch, request.getfixturevalue(broker)) < 0.75

    assert "could not be handed to the workers" in caplog.text


def test_send_second_task_does_not_ask_a_broker_that_was_away(monkeypatch, address, caplog):
    seconds_to_send(monkeypatch, address)

    assert seconds_to_send(monkeypatch, address) < 0.05
    assert "the broker did not answer a moment ago" in caplog.text


def test_send_broker_that_is_back_gets_the_task(monkeypatch, address):
    broker = Redis.from_url(settings.REDIS_URL)
    seconds_to_send(monkeypatch, address)
    background._pause["until"] = 0.0

    seconds_to_send(monkeypatch, settings.CELERY_BROKER_URL)

    queued = [message for message in broker.lrange("celery", 0, -1) if TASK.encode() in message]
    assert len(queued) == 1
    broker.lrem("celery", 1, queued[0])
