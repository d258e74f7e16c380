"""Asking for mail and saying yes: pages, mails, limits, and what an attacker learns."""

import logging
import re
import statistics
import time
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from common.languages import site_languages
from common.logs import OneLineFormatter
from common.models import OutboxMail
from common.outbox.sending import send_waiting
from newsletters import consents
from newsletters.addresses import address_hash
from newsletters.emails import confirm_key, preferences_key
from newsletters.models import CONFIRM_WITHIN, ConsentEvent, SavedSearch, Subscriber, Subscription, Suppression
from newsletters.saved_searches import spelled
from newsletters.services import forgetting, subscribing
from newsletters.wishes import Wishes, in_words
from tests.factories import make_network, make_person, make_term
from tests.newsletters.factories import make_subscriber, make_subscription
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db
State, Action = Subscription.State, ConsentEvent.Action
EMAIL = "asa@malmo.example"
TYPED = {
    "email": EMAIL,
    "practices": "weekly",
    "newsletters": ["hub"],
    "language_1": "en",
    "time_zone": "Europe/Stockholm",
}
SUBSCRIBE = "/en/newsletter/"
SENT = "/en/newsletter/sent/"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("newsletters.views.subscribing.LEAST_SECONDS", 0)


def ask(email=EMAIL, **wishes):
    wished = Wishes(**({"languages": ("en",), "newsletters": (None,)} | wishes))
    return subscribing.ask(email, wished, language="en", text=consents.text())


def link_of(asked):
    return reverse("newsletters:confirm", args=[confirm_key(asked)])


def states(subscriber):
    return dict(subscriber.subscriptions.values_list("channel", "state"))


def mails(email=EMAIL):
    return list(OutboxMail.objects.filter(recipient=email).order_by("pk").values_list("kind", flat=True))


# The form ----------------------------------------------------------------------------------------


def test_form_asks_and_nothing_is_active_before_the_button(client):
    response = client.post(SUBSCRIBE, TYPED)

    assert (response.status_code, response["Location"]) == (302, SENT)
    subscriber = Subscriber.objects.get()
    assert states(subscriber) == {"practices": "pending", "newsletter": "pending"}
    assert not subscriber.subscriptions.receiving().exists()
    [consent] = subscriber.consents.all()
    assert (consent.action, consent.way, consent.text, consent.version) == (
        "asked",
        "form",
        consents.text(),
        "2026-11",
    )


def test_mailed_link_asks_by_get_and_begins_by_post(client):
    client.post(SUBSCRIBE, TYPED)
    send_waiting()
    [message] = mail.outbox
    [link] = re.findall(r"^https?://[^/]+(/en/newsletter/confirm/\S+)$", message.body, re.M)

    shown = client.get(link).content.decode()
    assert "One more click" in shown
    assert consents.text().split(",")[0] in shown
    assert states(Subscriber.objects.get()) == {"practices": "pending", "newsletter": "pending"}

    response = client.post(link)
    assert (response.status_code, response["Location"]) == (302, link)
    subscriber = Subscriber.objects.get()
    assert states(subscriber) == {"practices": "active", "newsletter": "active"}
    assert subscriber.subscriptions.get(channel="practices").frequency == "weekly"
    assert subscriber.confirmed_at is not None
    confirmed = subscriber.consents.get(action="confirmed")
    assert consents.text() in confirmed.text
    assert confirmed.channels == [
        {"channel": "practices", "network": None, "frequency": "weekly"},
        {"channel": "newsletter", "network": None, "frequency": ""},
    ]


def test_link_replayed_changes_nothing_more(client):
    asked = ask()
    link = link_of(asked)
    client.post(link)
    subscriber = Subscriber.objects.get()
    subscriber.subscriptions.update(state=State.UNSUBSCRIBED)

    answers = [client.get(link).status_code, client.post(link).status_code, client.post(link).status_code]

    assert answers == [200, 200, 200]
    assert states(subscriber) == {"newsletter": "unsubscribed"}
    assert subscriber.consents.filter(action="confirmed").count() == 1


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_opening_the_link_from_many_places_begins_nothing(method):
    link = link_of(ask())
    for number in range(5):
        getattr(Client(REMOTE_ADDR=f"192.0.2.{number}"), method)(link)
    assert states(Subscriber.objects.get()) == {"newsletter": "pending"}
    assert [row.action for row in ConsentEvent.objects.all()] == ["asked"]


def test_link_expires(client):
    asked = ask()
    ConsentEvent.objects.update(at=timezone.now() - CONFIRM_WITHIN - timedelta(seconds=1))
    assert (client.get(link_of(asked)).status_code, client.post(link_of(asked)).status_code) == (410, 410)
    assert states(Subscriber.objects.get()) == {"newsletter": "pending"}


@pytest.mark.parametrize("place", [0, 21, 23, 42])
def test_link_changed_in_one_letter_is_none(client, place):
    key = confirm_key(ask())
    other = key[:place] + ("A" if key[place] != "A" else "B") + key[place + 1 :]
    assert client.post(reverse("newsletters:confirm", args=[other])).status_code == 404
    assert client.get(reverse("newsletters:preferences", args=[key])).status_code == 404


def test_link_of_one_does_not_confirm_another(client):
    mine, other = ask(), ask("other@malmo.example")
    client.post(link_of(mine))
    assert states(other.subscriber) == {"newsletter": "pending"}


def test_form_leads_to_the_archive_and_search_engines_find_it(client):
    assert 'href="/en/newsletter/archive/">Read earlier' in client.get(SUBSCRIBE).content.decode()
    assert f"{SUBSCRIBE}</loc>" in client.get("/sitemap-pages.xml").content.decode()


def test_form_without_a_choice_keeps_what_was_typed(client):
    response = client.post(SUBSCRIBE, TYPED | {"practices": "", "newsletters": []})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Choose at least one digest or newsletter." in page
    assert f'value="{EMAIL}"' in page
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "å@malmo.example"}, "email"),
        ({"language_1": ""}, "language_1"),
        ({"language_1": "en", "language_2": "en"}, "language_2"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"practices": "hourly"}, "practices"),
        ({"newsletters": ["999999"]}, "newsletters"),
        ({"themes": ["999999"]}, "themes"),
    ],
)
def test_bad_input_is_said_beside_the_field(client, changes, field):
    response = client.post(SUBSCRIBE, TYPED | changes)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not OutboxMail.objects.exists()


def test_languages_are_kept_in_their_order_and_addresses_in_one_spelling(client):
    client.post(SUBSCRIBE, TYPED | {"email": " Asa@Malmö.Example ", "language_1": "ar", "language_2": "fr"})
    subscriber = Subscriber.objects.get()
    assert (subscriber.email, subscriber.languages) == ("asa@xn--malm-8qa.example", ["ar", "fr"])


def test_filters_become_one_shared_interest(client):
    theme, network = make_term(Scheme.THEME), make_network()
    choice = {"themes": [theme.pk], "networks": [network.pk], "only_mine": "on", "events": "daily"}
    for email in ("a@city.example", "b@city.example"):
        client.post(SUBSCRIBE, TYPED | choice | {"email": email})
    interests = {row.interest for row in Subscription.objects.exclude(channel="newsletter")}
    [interest] = interests
    assert (interest.themes, interest.networks, interest.languages) == ([theme.pk], [network.pk], ["en"])


def test_programs_that_fill_in_everything_get_the_same_answer_and_nothing_happens(client):
    response = client.post(SUBSCRIBE, TYPED | {"website": "https://spam.example"})
    assert response["Location"] == SENT
    assert not Subscriber.objects.exists()


def test_form_needs_a_token_but_gives_back_what_was_typed():
    client = Client(enforce_csrf_checks=True)
    assert client.post(SUBSCRIBE, TYPED).status_code == 403
    own = client.post(SUBSCRIBE, TYPED, headers={"Origin": "http://testserver"})
    assert (own.status_code, f'value="{EMAIL}"' in own.content.decode()) == (403, True)
    assert not Subscriber.objects.exists()


# The foot of every page --------------------------------------------------------------------------


def test_footer_fills_the_form_in_and_changes_nothing():
    client = Client(enforce_csrf_checks=True)
    page = client.get("/en/practices/")
    assert not page.cookies
    assert 'action="/en/newsletter/"' in page.content.decode()
    assert "csrfmiddlewaretoken" not in page.content.decode()

    response = client.post(SUBSCRIBE, {"from_footer": "1", "email": EMAIL})

    assert response.status_code == 200
    assert f'value="{EMAIL}"' in response.content.decode()
    assert not Subscriber.objects.exists()
    assert not OutboxMail.objects.exists()


def test_page_of_the_answer_sets_no_cookie_and_is_kept_by_nobody(client):
    response = client.get(SENT)
    assert not response.cookies
    assert "no-store" in response["Cache-Control"]


def test_form_sets_no_cookie_but_the_one_against_forgery(client):
    assert set(client.get(SUBSCRIBE).cookies) == {"csrftoken"}


# Who is known ------------------------------------------------------------------------------------


def make_suppressed(reason):
    subscriber = make_subscriber(EMAIL)
    subscriber.subscriptions.update(state=State.UNSUBSCRIBED)
    Suppression.objects.create(email_hash=subscriber.email_hash, reason=reason)
    return subscriber


def test_answer_is_the_same_for_known_unknown_and_suppressed(client):
    make_subscriber("known@city.example")
    gone = make_subscriber("gone@city.example")
    forgetting.erase(gone, way="link")
    pages = set()
    for email in ("known@city.example", "new@city.example", "gone@city.example"):
        response = client.post(SUBSCRIBE, TYPED | {"email": email})
        pages.add((response.status_code, response["Location"]))
    assert pages == {(302, SENT)}
    assert set(OutboxMail.objects.values_list("recipient", "kind")) >= {
        ("known@city.example", "newsletters/known"),
        ("new@city.example", "newsletters/confirm"),
        ("gone@city.example", "newsletters/confirm"),
    }


def test_answer_promises_nothing_where_all_mail_is_kept_away(client):
    for email, scope in (("none@city.example", "all"), ("bulk@city.example", "bulk")):
        Suppression.objects.create(email_hash=address_hash(email), reason="complained", scope=scope)

    shown = {
        client.post(SUBSCRIBE, TYPED | {"email": email}, follow=True).content
        for email in ("none@city.example", "bulk@city.example", "new@city.example")
    }

    assert set(OutboxMail.objects.values_list("recipient", flat=True)) == {"bulk@city.example", "new@city.example"}
    [page] = shown
    assert "if we may write to this address, a mail is on its way" in page.decode()


@pytest.mark.parametrize("scope", ["all", "bulk"])
def test_own_account_is_promised_nothing_where_all_mail_is_kept_away(client, scope):
    person = make_person(email=EMAIL)
    Suppression.objects.create(email_hash=address_hash(EMAIL), reason="complained", scope=scope)
    client.force_login(person)

    page = client.post(SUBSCRIBE, TYPED, follow=True).content.decode()

    assert OutboxMail.objects.count() == {"all": 0, "bulk": 1}[scope]
    assert "if we may write to this address, a mail is on its way" in page


def test_answer_takes_the_same_time(client, monkeypatch, settings):
    monkeypatch.setattr("newsletters.views.subscribing.LEAST_SECONDS", 0.15)
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"newsletter_request": "1000/m/ip"}
    known = [make_subscriber() for _number in range(6)]
    client.post(SUBSCRIBE, TYPED)

    def took(email):
        started = time.perf_counter()
        client.post(SUBSCRIBE, TYPED | {"email": email})
        return time.perf_counter() - started

    pairs = [(took(subscriber.email), took(f"new-{subscriber.email}")) for subscriber in known]
    first, second = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert min(first, second) >= 0.15
    assert abs(first - second) < 0.03


def test_what_a_stranger_asks_for_does_not_touch_what_somebody_gets(client):
    subscriber = make_subscriber(EMAIL, newsletters=[])
    make_subscription(subscriber, "practices", frequency="daily")
    client.post(SUBSCRIBE, TYPED | {"practices": "monthly", "language_1": "ar", "time_zone": "Asia/Tokyo"})
    subscriber.refresh_from_db()
    assert (subscriber.languages, subscriber.time_zone) == (["en"], "Europe/Stockholm")
    assert subscriber.subscriptions.get(channel="practices").frequency == "daily"
    [told] = OutboxMail.objects.all()
    assert told.kind == "newsletters/known"
    assert reverse("newsletters:preferences", args=[preferences_key(subscriber)]) in told.text


def test_known_person_adds_by_the_mailed_button(client):
    network = make_network()
    subscriber = make_subscriber(EMAIL)
    asked = ask(newsletters=(network.pk,), events="weekly")
    client.post(link_of(asked))
    assert set(subscriber.subscriptions.receiving().values_list("channel", "network")) == {
        ("newsletter", None),
        ("newsletter", network.pk),
        ("events", None),
    }


@pytest.mark.parametrize("reason", Suppression.Reason.values)
def test_only_the_owners_button_lifts_a_suppression(client, reason):
    subscriber = make_suppressed(reason)
    asked = ask()
    assert Suppression.objects.filter(email_hash=subscriber.email_hash).exists()
    assert not subscriber.subscriptions.receiving().exists()
    client.post(link_of(asked))
    assert not Suppression.objects.exists()
    assert states(subscriber) == {"newsletter": "active"}


def test_address_that_gets_no_mail_at_all_gets_none_of_these():
    Suppression.objects.create(email_hash=address_hash(EMAIL), reason="bounced", scope="all")
    ask()
    assert mails() == []


def test_stranger_does_not_hide_why_mail_ended():
    subscriber = make_subscriber(EMAIL)
    subscriber.subscriptions.update(state=State.COMPLAINED)
    ask()
    forgetting.forget_all(timezone.now() + CONFIRM_WITHIN + timedelta(days=1))
    assert states(subscriber) == {"newsletter": "complained"}


def test_subscribing_again_after_leaving_needs_a_button_and_starts_anew(client):
    subscriber = make_subscriber(EMAIL)
    old = timezone.now() - timedelta(days=90)
    subscriber.subscriptions.update(state=State.UNSUBSCRIBED, active_from=old)
    asked = ask()
    assert states(subscriber) == {"newsletter": "unsubscribed"}
    client.post(link_of(asked))
    row = subscriber.subscriptions.get()
    assert (row.state, row.active_from > timezone.now() - timedelta(minutes=1)) == ("active", True)


# Limits ------------------------------------------------------------------------------------------


def test_fourth_mail_of_a_day_to_a_mailbox_is_not_sent(client):
    answers = [
        client.post(SUBSCRIBE, TYPED | {"email": email}, REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number, email in enumerate([EMAIL, "Asa+a@malmo.example", "asa+b@malmo.example", "asa+c@malmo.example"])
    ]
    assert answers == [302, 302, 302, 429]
    assert OutboxMail.objects.count() == 3
    assert client.post(SUBSCRIBE, TYPED | {"email": "ola@malmo.example"}).status_code == 302


def test_refusal_for_too_much_keeps_what_was_typed(client):
    for _number in range(3):
        client.post(SUBSCRIBE, TYPED)
    response = client.post(SUBSCRIBE, TYPED)
    assert (response.status_code, f'value="{EMAIL}"' in response.content.decode()) == (429, True)
    assert int(response["Retry-After"]) > 3600


def test_one_visitor_cannot_mail_many(client, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"newsletter_request": "2/h/ip,3/d/key"}
    answers = [
        client.post(SUBSCRIBE, TYPED | {"email": f"victim-{number}@city.example"}).status_code for number in range(3)
    ]
    assert answers == [302, 302, 429]


def test_all_together_cannot_mail_without_end(client, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"newsletter_requests": "2/h/key"}
    answers = [
        client.post(
            SUBSCRIBE, TYPED | {"email": f"victim-{number}@city.example"}, REMOTE_ADDR=f"192.0.2.{number}"
        ).status_code
        for number in range(3)
    ]
    assert answers == [302, 302, 429]


def test_plus_address_is_an_address_of_its_own(client):
    ask("asa+news@malmo.example")
    assert not Subscriber.objects.filter(email=EMAIL).exists()


# Saved searches ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", site_languages())
def test_names_of_searches_in_old_proofs_are_taken_out_by_the_migration(language):
    migration = import_module("newsletters.migrations.0004_take_names_of_searches_out_of_the_proof")
    subscriber = make_subscriber()
    wishes = Wishes(
        languages=("en",), practices="weekly", searches=(("Asa's: walks", "q=walks"), ("Ada \\1 (x)", "q=x"))
    )
    other = "Sparade sökningar: något\nIn the middle: Saved search: stays"
    with translation.override(language):
        old, new = ("\n".join([*in_words(wishes, names_searches=named), consents.text()]) for named in (True, False))
    assert "Asa's" in old
    for text in (old, new, other, ""):
        subscriber.consents.create(action=Action.CONFIRMED, way="link", text=text)

    with connection.schema_editor() as editor:
        migration.forget_names(apps, editor)

    assert [row.text for row in subscriber.consents.order_by("pk")] == [new, new, other, ""]


def test_library_carries_its_question_to_the_form(client):
    make_term(Scheme.THEME, "youth", label_en="Youth")
    page = client.get("/en/practices/?theme=youth&q=dialogue&sort=title&page=1").content.decode()
    [address] = re.findall(r'href="(/en/newsletter/\?search=[^"]+)"', page)
    form = client.get(address.replace("&amp;", "&")).context["form"]
    assert form.search == "q=dialogue&theme=youth"
    assert form.initial["search_label"] == "“dialogue”, Youth"


def test_search_is_saved_when_it_is_confirmed(client):
    make_term(Scheme.THEME, "youth", label_en="Youth")
    typed = {"search": "theme=youth&page=3&sort=title&nonsense=1", "search_label": "", "practices_which": "searches"}
    client.post(SUBSCRIBE, TYPED | typed)
    assert not SavedSearch.objects.exists()
    client.post(link_of(ConsentEvent.objects.get()))
    [saved] = SavedSearch.objects.all()
    assert (saved.query, saved.label) == ("theme=youth", "Youth")
    assert Subscription.objects.get(channel="practices").only_searches


def test_stranger_has_no_own_words_sent_to_anybody(client):
    client.post(
        SUBSCRIBE, TYPED | {"search": "q=Win+money+now", "search_label": "Call 0900 now", "practices_which": "all"}
    )
    [told] = OutboxMail.objects.all()
    assert not {"Call", "money"} & set(f"{told.subject} {told.text} {told.html}".split())
    page = client.get(link_of(ConsentEvent.objects.get())).content.decode()
    assert "Saved search: Call 0900 now" in page


def test_order_of_the_parameters_does_not_make_another_search():
    for code in ("youth", "sport"):
        make_term(Scheme.THEME, code)
    assert spelled("theme=youth&theme=sport&q=x") == spelled("q=x&theme=sport&theme=youth") != ""


def test_search_added_by_somebody_who_gets_all_leaves_the_digest_alone(client):
    subscriber = make_subscriber(EMAIL, newsletters=[])
    make_subscription(subscriber, "practices", frequency="daily")
    make_term(Scheme.THEME, "youth")
    asked = ask(newsletters=(), practices="weekly", only_searches=True, searches=(("Youth", "theme=youth"),))
    client.post(link_of(asked))
    row = subscriber.subscriptions.get()
    assert (row.frequency, row.only_searches) == ("daily", False)
    assert subscriber.saved_searches.get().query == "theme=youth"


def test_search_without_a_digest_is_refused(client):
    make_term(Scheme.THEME, "youth")
    response = client.post(SUBSCRIBE, TYPED | {"search": "theme=youth", "practices": "", "practices_which": "all"})
    assert response.status_code == 422
    assert "practices" in response.context["form"].errors


# Signed in ---------------------------------------------------------------------------------------


def test_own_account_needs_no_mail(client):
    person = make_person(EMAIL)
    client.force_login(person)
    assert client.get(SUBSCRIBE).context["form"].initial["email"] == EMAIL
    response = client.post(SUBSCRIBE, TYPED)
    assert response["Location"] == "/en/newsletter/mine/"
    subscriber = Subscriber.objects.get()
    assert (states(subscriber), subscriber.person) == ({"practices": "active", "newsletter": "active"}, person)
    assert not OutboxMail.objects.exists()


def test_other_address_of_a_signed_in_person_needs_one(client):
    client.force_login(make_person("me@malmo.example"))
    assert client.post(SUBSCRIBE, TYPED)["Location"] == SENT
    assert mails() == ["newsletters/confirm"]


@pytest.mark.parametrize("reason", ["complained", "erased"])
def test_own_account_does_not_lift_a_complaint_without_a_mail(client, reason):
    make_suppressed(reason)
    client.force_login(make_person(EMAIL))
    client.post(SUBSCRIBE, TYPED)
    assert not Subscription.objects.receiving().exists()
    assert Suppression.objects.exists()
    client.post(link_of(ConsentEvent.objects.get(action="asked")))
    assert Subscription.objects.receiving().count() == 2
    assert not Suppression.objects.exists()


# Pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", [code for code, _name in configured.LANGUAGES])
def test_pages_and_mails_exist_in_every_language(client, language):
    with translation.override(language):
        asked = subscribing.ask(EMAIL, Wishes(languages=(language,), practices="weekly"), language=language)
        link = link_of(asked)
        subscribe = reverse("newsletters:subscribe")
    direction = "rtl" if language == "ar" else "ltr"
    for address in (link, subscribe):
        page = client.get(address)
        assert page.status_code == 200
        assert f'<html lang="{language}" dir="{direction}">' in page.content.decode()
    [told] = OutboxMail.objects.all()
    assert told.language == language
    assert link in told.text


def test_pages_with_keys_leave_no_traces(client):
    asked = ask()
    subscriber = make_subscriber()
    for address in (link_of(asked), reverse("newsletters:preferences", args=[preferences_key(subscriber)])):
        response = client.get(address)
        assert response["Referrer-Policy"] == "strict-origin"
        assert "no-store" in response["Cache-Control"]
        assert '<meta name="robots" content="noindex">' in response.content.decode()


@pytest.mark.parametrize("page", ["/en/newsletter/confirm/", "/sv/newsletter/preferences/", "/newsletter/one-click/"])
def test_keys_stay_out_of_logs(page):
    key = preferences_key(make_subscriber())
    record = logging.LogRecord("x", logging.WARNING, "", 0, "Not Found: %s%s/leave/", (page, key), None)
    assert key not in OneLineFormatter("{message}", style="{").format(record)


def test_form_asks_the_same_number_of_queries_for_many_networks_and_themes(client):
    def count():
        with CaptureQueriesContext(connection) as found:
            client.get(SUBSCRIBE)
        return len(found)

    make_network()
    make_term(Scheme.THEME)
    count()
    few = count()
    for _number in range(3):
        make_network()
        make_term(Scheme.THEME)
    count()
    assert count() == few <= 5
