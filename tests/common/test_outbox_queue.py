import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from accounts.models import User
from common.languages import site_languages
from common.models import OutboxMail
from common.outbox import kinds, preferences, services
from common.outbox.rendering import LARGEST_HTML, literal, render, without_links
from common.outbox.services import queue_mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("greeting")]

HOSTILE = [
    "Anna\r\nBcc: victim@example.org",
    "Anna\n\nYour account is locked. Call us.",
    "https://evil.example/login",
    "www.evil.example",
    "evil.example/path",
    "mailto:x@evil.example",
    '<a href="https://evil.example">here</a>',
    '"><img src=x onerror=alert(1)>',
    "[here](https://evil.example)",
    "{{ site_url }}{% now 'Y' %}",
    "\u202egnp.exe\x00\x1b",
    "http://127.0.0.1/",
    "evil。example",
    mark_safe("<b>bold</b>"),
    "x" * 5000,
]


class Links(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in {"href", "src"}]


def queue(key="hello", to="anna@example.org", **values):
    context = {"title": "Welcome", "url": "http://localhost:8000/en/"} | values.pop("context", {})
    return queue_mail("greeting", to=to, key=key, context=context, **{"language": "en", "name": "Anna"} | values)


def person(email="p@example.org", **values):
    return User.objects.create_user(email, "a long password", **values)


def test_queue_same_event_and_recipient_is_one_mail():
    first, second = queue(), queue(to="ANNA@example.org ", language="sv")
    assert (second.pk, OutboxMail.objects.count()) == (first.pk, 1)


def test_queue_other_event_or_other_recipient_is_another_mail():
    assert len({queue().pk, queue(key="other").pk, queue(to="bo@example.org").pk}) == 3


def test_queue_person_is_one_recipient_whatever_the_address():
    someone = person()
    assert queue(person=someone).pk == queue(person=someone, to="new@example.org").pk


def test_queue_message_id_follows_from_the_key_alone():
    first = queue()
    message_id = first.message_id
    first.delete()
    assert queue().message_id == message_id
    assert queue(key="other").message_id != message_id


def test_queue_rollback_leaves_no_mail_and_tells_nobody(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert (OutboxMail.objects.count(), callbacks) == (0, [])


def test_queue_commit_tells_the_workers_once(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        queue()
        queue()
        queue(key="later", not_before=timezone.now() + timedelta(hours=1))
    assert [callback.args for callback in callbacks] == [("common.tasks.send_outbox", ())]


@pytest.mark.parametrize("language", site_languages())
def test_queue_mail_is_in_the_recipients_language_not_the_requests(language):
    with translation.override("sv" if language != "sv" else "ar"):
        mail = queue(language=language)
    word = {"en": "Language", "fr": "Langue", "ar": "اللغة", "it": "Lingua", "sv": "Språk", "ro": "Limbă"}[language]
    assert mail.subject == f"{word}: Anna Welcome"
    assert mail.text_body.startswith(f"{word} Anna, Welcome\n\nhttp://localhost:8000/en/\n\n--\n")
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in mail.html_body
    assert ("text-align: right" in mail.html_body) == (language == "ar")


def test_queue_unknown_language_is_the_sites():
    assert queue(language="xx").language == "en"


def test_html_part_has_its_look_inside_and_dark_colours_in_the_head():
    html = queue().html_body
    assert len(html.encode()) < LARGEST_HTML
    assert re.search(r'<a class="button" [^>]*style="[^"]*background-color: ?#0a5c63', html)
    assert "@media (prefers-color-scheme: dark)" in html
    assert "{" not in html.split("</style>")[1]
    assert "<link" not in html
    assert "<script" not in html


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("place", ["name", "title"])
def test_hostile_value_writes_no_header_no_paragraph_and_no_link(hostile, place):
    usual = queue(key="usual")
    mail = queue(**{"name": hostile} if place == "name" else {"context": {"title": hostile}})
    assert Links(mail.html_body).found == Links(usual.html_body).found
    assert "\n" not in mail.subject
    assert len(mail.subject) <= 200
    assert len(mail.text_body.split("\n")) == len(usual.text_body.split("\n"))
    for part in (mail.subject, mail.text_body, mail.html_body):
        assert "evil.example" not in part
        assert "://evil" not in part
        assert "\u202e" not in part
    assert "<b>" not in mail.html_body


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a.example", "https:\u2060//a\u2060.example"),
        ("Reggio nell'Emilia, St. Gallen, 2.5 %", "Reggio nell'Emilia, St. Gallen, 2.5 %"),
        ("mailto:a@b.example", "mailto:\u2060a@b\u2060.example"),
        ("مدينة. نص", "مدينة. نص"),
        ("10:30 // noon", "10:30 // noon"),
    ],
)
def test_without_links_breaks_addresses_invisibly(text, shown):
    assert without_links(text) == shown
    assert without_links(shown) == shown


def test_literal_takes_plain_values_only():
    values = {"day": date(2027, 3, 28), "count": 3, "none": None, "list": ["a.example", gettext_lazy("Language")]}
    with translation.override("sv"):
        assert literal(values) == values | {"list": ["a\u2060.example", "Språk"]}
    assert type(literal(mark_safe("<b>"))) is str
    with pytest.raises(TypeError):
        literal({"person": object()})


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "http://localhost:8000.evil.example/", "http://localhost:8000@evil.example"]
)
@pytest.mark.parametrize("name", ["url", "confirm_url"])
def test_address_of_another_site_is_refused(address, name):
    with pytest.raises(ValueError, match="this site only"):
        queue(context={name: address})


def test_html_part_too_large_is_left_out(greeting, caplog):
    mail = queue(context={"title": "word " * 30_000})
    assert mail.html_body == ""
    assert len(mail.text_body) > 100_000
    assert "too large" in caplog.text


def test_queue_kind_that_nobody_declared_is_refused():
    with pytest.raises(LookupError):
        queue_mail("unheard", to="a@example.org", language="en", context={}, key="x")


@pytest.mark.parametrize("address", ["", "nobody", "a@b\nBcc: c@example.org", "a@example.org, b@example.org"])
def test_queue_to_what_is_no_address_is_refused(address):
    with pytest.raises(ValidationError):
        queue(to=address)


def test_preference_none_leaves_no_mail(preferred):
    someone = person()
    preferred[someone.pk] = preferences.NONE
    assert queue(person=someone) is None
    assert OutboxMail.objects.count() == 0


def test_preference_daily_waits_for_the_summary(preferred, django_capture_on_commit_callbacks):
    someone = person()
    preferred[someone.pk] = preferences.DAILY
    with django_capture_on_commit_callbacks() as callbacks:
        mail = queue(person=someone)
    assert (mail.digest_group, mail.state, callbacks) == ("greeting", "waiting", [])
    assert not OutboxMail.objects.due(timezone.now()).exists()


@pytest.mark.parametrize("choice", [preferences.DAILY, preferences.NONE])
def test_preference_does_not_hold_for_essential_mail(preferred, choice, greeting):
    someone = person()
    preferred[someone.pk] = choice
    kinds.declare("greeting", "Greetings", essential=True)
    assert queue(person=someone).digest_group == ""


def test_times_are_in_the_persons_zone(settings, greeting):
    [folder] = [path for path in settings.TEMPLATES[0]["DIRS"] if (path / "mail" / "greeting.txt").exists()]
    (folder / "mail" / "greeting.txt").write_text('{{ at|date:"H:i" }}')
    context = {"at": datetime(2027, 1, 5, 12, tzinfo=UTC), "title": "", "url": ""}
    someone = person()
    someone.time_zone = "Asia/Amman"
    rendered = render("greeting", language="en", context=context, zone=preferences.zone_of(someone))
    assert rendered.text == "15:00"
    someone.time_zone = "Nowhere/../At all"
    assert preferences.zone_of(someone).key == "Europe/Brussels"


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "sent"},
        {"state": "leased"},
        {"state": "handing_over"},
        {"state": "accepted"},
        {"state": "summarised"},
        {"accepted_at": datetime(2027, 1, 1, tzinfo=UTC)},
        {"lease_until": datetime(2027, 1, 1, tzinfo=UTC)},
        {"digest_group": "greeting"},
        {"recipient": ""},
        {"text_body": ""},
    ],
)
def test_database_refuses_what_cannot_be(changes):
    mail = queue()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutboxMail.objects.filter(pk=mail.pk).update(**changes)


def test_claim_is_served_by_its_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    due = OutboxMail.objects.due(timezone.now()).order_by("next_attempt_at", "pk")[:50]
    assert "outbox_claim" in due.explain()


def settle(state, days, **values):
    mail = queue(key=f"{state}-{days}")
    when = timezone.now() - timedelta(days=days)
    changes = {"state": state, "created_at": when} | ({"accepted_at": when} if state == "accepted" else {})
    OutboxMail.objects.filter(pk=mail.pk).update(**changes, **values)
    return mail


def test_forget_old_bodies_keeps_young_and_unsent_ones():
    old = [settle(state, 31) for state in ("accepted", "failed", "uncertain", "cancelled")]
    kept = [settle("accepted", 29), settle("waiting", 31)]
    assert services.forget_old_bodies() == 4
    empty = OutboxMail.objects.filter(text_body="", html_body="")
    assert {mail.pk for mail in empty} == {mail.pk for mail in old}
    assert OutboxMail.objects.exclude(text_body="").count() == len(kept)


def test_send_again_only_what_failed_or_is_uncertain():
    administrator = User.objects.create_superuser("root@example.org", "a long password")
    states = {
        state: services.send_again(settle(state, 1), actor=administrator)
        for state in ("waiting", "accepted", "failed", "uncertain", "cancelled")
    }
    assert states == {"waiting": False, "accepted": False, "failed": True, "uncertain": True, "cancelled": False}


def test_send_again_forgotten_mail_is_refused():
    administrator = User.objects.create_superuser("root@example.org", "a long password")
    assert services.send_again(settle("failed", 31, text_body=""), actor=administrator) is False


@pytest.mark.parametrize("verb", [services.send_again, services.cancel])
def test_mail_is_changed_by_administrators_only(verb):
    mail = queue()
    for actor in (person(), person("staff@example.org", is_staff=True)):
        with pytest.raises(PermissionDenied):
            verb(mail, actor=actor)
