from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.utils import translation

from accounts import emails
from accounts.adapters import SECURITY_NOTICES

pytestmark = pytest.mark.django_db
FOLDER = Path(settings.BASE_DIR, "templates/mail/accounts")
TEMPLATES = sorted(path.name.removesuffix(".subject.txt") for path in FOLDER.glob("*.subject.txt"))
CONTEXT = {
    "link": "https://hub.example/key",
    "name": "O'Neil & <b>co</b>",
    "inviter": "Ü & <i>",
    "event": next(iter(SECURITY_NOTICES.values())),
    "expires_at": datetime(2026, 5, 1, tzinfo=UTC),
    "days": 3,
}


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_mails_are_in_the_language_of_the_reader_whatever_the_sender_reads(language):
    texts = {}
    for reader in ("en", language):
        with translation.override("it"):
            for template in TEMPLATES:
                emails.send(template, "bo@malmo.example", reader, CONTEXT)
        texts[reader] = [(message.subject, message.body) for message in mail.outbox]
        html = [message.alternatives[0][0] for message in mail.outbox]
        mail.outbox.clear()

    changed = [mine != english for mine, english in zip(texts[language], texts["en"], strict=True)]
    assert changed == [language != "en"] * len(TEMPLATES)
    assert all(f'<html lang="{language}"' in page for page in html)


@pytest.mark.parametrize("template", TEMPLATES)
def test_mails_hold_names_literally_and_one_link_at_most(template):
    emails.send(template, "bo@malmo.example", "en", CONTEXT)

    (message,) = mail.outbox
    html = message.alternatives[0][0]
    assert "&lt;" not in message.subject + message.body
    assert "<b>" not in html
    assert "<i>" not in html
    assert html.count("<a ") == message.body.count(CONTEXT["link"])
