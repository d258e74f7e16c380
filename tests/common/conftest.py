import pytest

from common.outbox import kinds, preferences
from tests.common.smtp_sink import Sink


@pytest.fixture
def sink(settings):
    """A mail server, and the site set to use it."""
    with Sink() as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 1
        yield sink


@pytest.fixture
def greeting(settings, tmp_path):
    """A kind of mail with templates of its own: says hello by name, and has a button."""
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "greeting.subject.txt").write_text('{% load i18n %}{% translate "Language" %}: {{ name }} {{ title }}')
    (folder / "greeting.txt").write_text(
        '{% extends "mail/base.txt" %}{% load i18n %}{% block content %}'
        '{% translate "Language" %} {{ name }}, {{ title }}\n\n{{ url }}{% endblock %}'
    )
    (folder / "greeting.html").write_text(
        '{% extends "mail/base.html" %}{% load i18n %}{% block content %}'
        "<p>{{ name }}, {{ title }}</p>"
        '{% include "mail/_button.html" with label="Open" %}{% endblock %}'
    )
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [engine | {"DIRS": [*engine["DIRS"], tmp_path]}]
    yield kinds.declare("greeting", "Greetings")
    del kinds._kinds["greeting"]


@pytest.fixture
def preferred():
    """Set what people want of mail: a mapping of their ids to a preference."""
    choices = {}
    preferences.answer_with(lambda person, kind: choices.get(person.pk, preferences.AT_ONCE))
    yield choices
    preferences.answer_with(None)
