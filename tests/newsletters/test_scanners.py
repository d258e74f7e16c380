"""Programs that open every link of a mail before a person does, or fetch it ahead: nothing begins and nothing ends."""

import html
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.core import mail
from django.core.serializers import serialize
from django.test import Client
from django.utils import timezone

from common.outbox.sending import send_waiting
from newsletters import emails
from newsletters.models import ConsentEvent
from newsletters.services import campaigning, subscribing
from newsletters.services.delivering import send_all_due
from newsletters.services.digesting import make_due
from newsletters.wishes import Wishes
from tests.factories import make_person, make_practice
from tests.newsletters.factories import make_subscriber
from tests.newsletters.factories_campaigns import make_block, make_campaign, make_reader
from tests.newsletters.factories_digests import make_reader as make_digest_reader

pytestmark = pytest.mark.django_db
KINDS = ["confirm", "remind", "known", "invited", "new-address"]
AHEAD = {"Sec-Purpose": "prefetch;prerender"}
BODY = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def here(settings):
    settings.SITE_URL = "https://hub.example"


def request_mail(kind):
    """One of the mails that lead to a button."""
    asked = subscribing.ask("asa@city.example", Wishes(languages=("en",), newsletters=(None,)), language="en")
    ConsentEvent.objects.filter(pk=asked.pk).update(actor=make_person("inviter@city.example", name="Ada"))
    asked.refresh_from_db()
    emails.mail_request(asked, kind, to="asa@city.example", language="en")
    send_waiting()


def preferences_mail():
    emails.mail_preferences(make_subscriber())
    send_waiting()


def changed_mail():
    emails.mail_change_of_address(make_subscriber(), "before@city.example")
    send_waiting()


def newsletter():
    make_reader()
    campaign = make_campaign()
    make_block(campaign, text_en='<p><a href="https://hub.example/en/practices/">There</a></p>')
    campaigning.begin(campaign, actor=make_person("admin@city.example", is_superuser=True, is_staff=True))
    campaigning.advance()
    send_all_due()
    campaigning.advance()


def digest():
    make_digest_reader()
    make_practice(published_at=timezone.now() - timedelta(days=1))
    make_due()
    send_all_due()


MAILS = {kind: lambda kind=kind: request_mail(kind) for kind in KINDS}
MAILS |= {"preferences": preferences_mail, "address-changed": changed_mail, "newsletter": newsletter, "digest": digest}


def links_of(message):
    """All addresses of this site in a mail: in the text, in the HTML and in the headers."""
    parts = [message.body, *(html.unescape(content) for content, _kind in message.alternatives)]
    parts += [str(value) for value in message.extra_headers.values()]
    found = re.findall(r"https://hub\.example[^\s\"'<>)]+", "\n".join(parts))
    return sorted({urlsplit(link).path for link in found})


def state():
    """Everything that the app keeps, but for the counts of links: those are of visits, and of no person."""
    rows = {model.__name__: model.objects.order_by("pk") for model in apps.get_app_config("newsletters").get_models()}
    return {name: serialize("json", found) for name, found in rows.items() if name != "Link"}


@pytest.mark.parametrize("kind", MAILS)
def test_who_opens_all_links_of_a_mail_changes_nothing(kind):
    MAILS[kind]()
    [message] = mail.outbox[-1:]
    links = links_of(message)
    before, queued = state(), len(mail.outbox)
    answers = set()
    for number in range(3):
        client = Client(REMOTE_ADDR=f"192.0.2.{number}")
        for link in links:
            answers |= {client.get(link).status_code, client.head(link).status_code}
            answers |= {client.get(link, headers=AHEAD).status_code, client.options(link).status_code}
    send_waiting()
    assert state() == before
    assert len(mail.outbox) == queued
    # Each leads to a page, or asks for a POST; none is broken.
    assert answers <= {200, 301, 302, 405}
    assert len(links) >= (0 if kind == "address-changed" else 1)


def test_the_same_links_do_something_when_a_button_is_pressed():
    """The control: what is compared would show it."""
    request_mail("confirm")
    before = state()
    for link in links_of(mail.outbox[-1]):
        if "/confirm/" in link:
            Client().post(link)
    assert state()["Subscription"] != before["Subscription"]

    newsletter()
    before = state()
    for link in links_of(mail.outbox[-1]):
        if "/one-click/" in link:
            assert Client().post(link, BODY, content_type=FORM).status_code == 200
    assert state()["Subscription"] != before["Subscription"]
