"""Starts PostgreSQL and Valkey for the tests before pytest-django reads the settings.

Loaded with `-p` from pyproject.toml, because a conftest is read too late. Each test run of a checkout takes a folder
of its own below `.local-test`, so two runs at once never meet in one database; the folder is kept for the next run.
"""

import contextlib
import fcntl
import itertools
import os

import pytest

from hub.local import CHECKOUT
from hub.local.services import local_services

HOME = CHECKOUT / ".local-test"
DEFAULTS = {
    "HUB_LOCAL": "true",
    # A live server and the test client need no collected files then.
    "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
}

used = contextlib.ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config, parser, args):
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    # Workers of pytest-xdist inherit the addresses from the process that started them.
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        used.enter_context(local_services(used.enter_context(free_folder()), durable=False))
    return (yield)


def pytest_unconfigure(config):
    used.close()


@contextlib.contextmanager
def free_folder():
    """The first of `.local-test/1`, `.local-test/2` ... that no other test run uses."""
    for number in itertools.count(1):
        folder = HOME / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "in-use", "a+") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield folder
            return
