"""Mails of events: each in the reader's language, whole, with the entry for the calendar, and never lost."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from common.models import OutboxMail
from events import notices
from events.emails.participating import tell
from events.models import Registration
from events.services import entering, life, polls, registering
from tests.events.factories import make_event, make_registration
from tests.factories import make_city

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = [code for code, _name in settings.LANGUAGES]
TEMPLATES = ROOT / "templates" / "mail" / "events"
KINDS = sorted(path.name.removesuffix(".subject.txt") for path in TEMPLATES.glob("*.subject.txt"))
OF_EVENTS = [
    "already-registered",
    "answer-due",
    "awaits-approval",
    "breakout-seat",
    "cancelled",
    "changed",
    "confirm-address",
    "lapsed",
    "mode-changed",
    "moved-online",
    "not-admitted",
    "offer",
    "place",
    "poll",
    "postponed",
    "programme-changed",
    "reminder",
    "removed",
    "rescheduled",
    "waiting",
    "withdrawn",
]
ENGLISH = re.compile(r"\b(the|your|you|this|registration|please|who)\b", re.IGNORECASE)
ADDRESS = re.compile(r"https?://\S+|\S+@\S+")


def mails_in(language, kinds=OF_EVENTS):
    """{kind: mail} of all kinds, to one participant."""
    city = make_city("Torino", country="IT", name_ar="تورينو")
    event = make_event(title_en="Fiducia", city=city, venue="Palazzo", contact_email="x@example.org")
    registration = make_registration(event, language=language, name="Ana")
    for kind in kinds:
        tell(
            registration,
            kind,
            "1",
            pool=event.pools.get(),
            until_words="12:00",
            dates=["14.9."],
            news=lambda: [notices._named(word) for word in notices.NEWS],
            rooms=["A – B"],
            sessions=["A – B"],
            join_link="https://meet.example/1",
            has_place=True,
            question="?",
        )
    return {mail.kind.removeprefix("events/"): mail for mail in OutboxMail.objects.all()}


def test_each_kind_has_a_text_and_a_subject():
    assert set(OF_EVENTS) <= set(KINDS)
    assert [kind for kind in KINDS if not (TEMPLATES / f"{kind}.txt").exists()] == []


def english_lines(mail):
    return [line for line in [mail.subject, *mail.text.splitlines()] if ENGLISH.search(ADDRESS.sub("", line))]


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_mails_are_wholly_in_the_language_of_their_reader(language):
    mails = mails_in(language)
    frame = f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"'
    assert {kind: english_lines(mail) for kind, mail in mails.items()} == {kind: [] for kind in OF_EVENTS}
    assert {f"/{language}/events/" in mail.text and frame in mail.html for mail in mails.values()} == {True}


def test_control_finds_english_in_each_english_mail():
    assert [kind for kind, mail in mails_in("en").items() if not english_lines(mail)] == []


def test_mails_say_event_time_place_and_contact_once_each():
    words = ("Hello Ana,", "Palazzo, Torino", "(Central European", "x@example.org")
    mails = mails_in("en")
    counts = {kind: tuple(mail.text.count(word) for word in words) for kind, mail in mails.items()}
    assert counts == dict.fromkeys(OF_EVENTS, (1, 1, 1, 1))
    assert [kind for kind, mail in mails.items() if "\n\n\n\n" in mail.text] == []
    assert {(mail.is_secret, "Fiducia" in mail.subject) for mail in mails.values()} == {(True, True)}


def test_links_of_a_mail_can_be_followed():
    html = mails_in("en", ["reminder"])["reminder"].html
    found = re.findall(r'<a href="([^"]+)"', html)
    assert len(found) == 3
    assert [("/registration/" in found[0]), found[1], "/events/" in found[2]] == [True, "https://meet.example/1", True]


def test_name_that_looks_like_an_address_becomes_no_link():
    event = make_event()
    registering.register(
        event,
        {"email": "a@example.org", "name": "Win at pay.example", "mode": "in-person"},
        consents=["data"],
        language="en",
    )
    assert "pay.example" not in OutboxMail.objects.get().text


def test_note_for_visitors_goes_along_in_the_language_that_there_is(network, coordinator):
    event = make_event(networks=[network], status_note_sv="Stormen.")
    make_registration(event, language="sv")
    make_registration(event, language="it")
    life.postpone(event, actor=coordinator)
    assert ["Stormen." in mail.text for mail in OutboxMail.objects.all()] == [True, True]


def test_who_never_had_a_place_has_no_entry_to_take_out(network):
    event = make_event(networks=[network], seats=1)
    rows = [make_registration(event, state="unverified", seat=False) for _number in range(2)]
    for row in rows:
        entering.confirm_address(row)
    registering.withdraw(rows[1])
    registering.withdraw(rows[0])
    mails = OutboxMail.objects.filter(kind="events/withdrawn").order_by("pk")
    assert ["METHOD:CANCEL" in mail.calendar for mail in mails] == [False, True]


def test_while_postponed_no_entry_is_sent_for_a_date_that_is_none(network, coordinator):
    event = make_event(networks=[network])
    row = make_registration(event)
    row.event = life.postpone(event, actor=coordinator)
    tell(row, "place", "1", method="REQUEST")
    assert OutboxMail.objects.get(kind="events/place").calendar == ""


def test_nobody_is_told_twice_of_one_thing(network, coordinator):
    event = make_event(networks=[network])
    make_registration(event)
    event = life.postpone(event, actor=coordinator)
    notices.tell_postponed(event)
    assert OutboxMail.objects.count() == 1


def test_erased_person_is_told_nothing(network, coordinator):
    event = make_event(networks=[network])
    registration = make_registration(event)
    Registration.objects.filter(pk=registration.pk).update(email="")
    life.cancel(event, actor=coordinator)
    assert OutboxMail.objects.count() == 0


def test_mail_of_a_change_that_is_taken_back_is_none(network, coordinator):
    event = make_event(networks=[network])
    make_registration(event)
    when = {"start_date": timezone.localdate(), "start_time": event.start_time}
    when |= {"end_date": timezone.localdate() - timedelta(days=1), "end_time": event.end_time}
    with pytest.raises(life.ValidationError):
        life.reschedule(event, when, actor=coordinator, reconfirm_until=timezone.now())
    event.refresh_from_db()
    assert (OutboxMail.objects.count(), event.sequence, event.date_changes.count()) == (0, 0, 0)


def in_another_process(code):
    name = connection.settings_dict["NAME"]
    address, _mark, options = os.environ["DATABASE_URL"].partition("?")
    environment = os.environ | {
        "DATABASE_URL": f"{address.rsplit('/', 1)[0]}/{name}" + (f"?{options}" if options else ""),
        "DJANGO_SETTINGS_MODULE": "hub.settings",
    }
    program = f"import django; django.setup()\n{code}"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=False).returncode


CANCEL_AND_DIE = """
import os
from django.contrib.auth import get_user_model
from common import background
from events.models import Event
from events.services import life
background._send = lambda task, args: os.kill(os.getpid(), 9)
life.cancel(Event.objects.get(), actor=get_user_model().objects.get(email="admin@example.org"))
"""


@pytest.mark.django_db(transaction=True)
def test_process_that_dies_after_the_commit_loses_no_mail():
    from tests.factories import make_person

    make_person("admin@example.org", is_superuser=True)
    event = make_event()
    make_registration(event, "a@example.org")
    assert in_another_process(CANCEL_AND_DIE) == -9
    event.refresh_from_db()
    mail = OutboxMail.objects.get()
    assert (event.status, mail.kind, mail.state, mail.recipient) == (
        "cancelled",
        "events/cancelled",
        OutboxMail.State.WAITING,
        "a@example.org",
    )
    assert "METHOD:CANCEL" in mail.calendar


def test_poll_mail_names_the_question(network, coordinator):
    event = make_event(networks=[network])
    make_registration(event)
    event = life.postpone(event, actor=coordinator)
    option = {"start_date": event.created_at.date() + timedelta(days=90), "start_time": timezone.now().time()}
    option |= {"end_date": event.created_at.date() + timedelta(days=91), "end_time": timezone.now().time()}
    polls.open_poll(
        event, [option], actor=coordinator, closes_at=timezone.now() + timedelta(days=5), question="Shorter, perhaps?"
    )
    assert "Shorter, perhaps?" in OutboxMail.objects.get(kind="events/poll").text
