import re
from uuid import uuid4

import pytest
from django.conf import settings as configured
from django.core import mail
from django.db import transaction

from accounts import domains
from accounts.models import User
from common.outbox.sending import send_waiting

PASSWORD = "a long and unusual password"


@pytest.fixture(autouse=True)
def own_limits(settings):
    """Each test counts by itself: all of them share one address and one store."""
    limits = configured.CACHES["limits"] | {"KEY_PREFIX": f"test-{uuid4()}"}
    settings.CACHES = configured.CACHES | {"limits": limits}


@pytest.fixture(autouse=True)
def at_commit(monkeypatch):
    """A test never commits, so what waits for the commit is done at once."""
    monkeypatch.setattr(transaction, "on_commit", lambda function, using=None, robust=False: function())


@pytest.fixture(autouse=True)
def mails_leave_at_once(monkeypatch):
    """What workers do within seconds: tests look into `mail.outbox`."""
    monkeypatch.setattr("common.outbox.queueing.enqueue", lambda task: send_waiting())


@pytest.fixture
def person(db):
    return User.objects.create_user("anna@malmo.example", PASSWORD, name="Anna", language="sv")


@pytest.fixture
def admin_person(db):
    return User.objects.create_superuser("root@hub.example", PASSWORD)


@pytest.fixture
def sign_in(client):
    def sign_in(email, password=PASSWORD, path="/en/accounts/login/", **extra):
        return client.post(path, {"login": email, "password": password}, **extra)

    return sign_in


@pytest.fixture
def malmo():
    """The mail domain of one city is known."""

    def label(email):
        return "Malmö" if email.endswith("@malmo.example") else None

    domains.register(label)
    yield "Malmö"
    domains.unregister(label)


def only_link():
    """The path of the one link in the one mail sent."""
    (message,) = mail.outbox
    (link,) = re.findall(r"^(https?://\S+)$", message.body, re.M)
    return link.removeprefix(configured.SITE_URL.rstrip("/"))


def body_of(response):
    """The page without what changes with every request."""
    html = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", response.content.decode())
    return re.sub(r'nonce="[^"]+"', "", html)
