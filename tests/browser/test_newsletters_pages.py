"""Subscribing and the own page as people meet them: by phone, right to left, without JavaScript."""

import os
import pathlib
import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.utils import timezone

from common.outbox.sending import send_waiting
from newsletters import keys
from newsletters.models import SavedSearch, Subscription
from tests.browser.test_pages import LEVELS
from tests.factories import make_network, make_person, make_term
from tests.newsletters.factories import make_subscriber, make_subscription
from vocabularies.models import Scheme

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def picture(page, name):
    """PICTURES=dir keeps how pages look, for people to look at."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(pathlib.Path(folder) / f"{name}.png"), full_page=True)


def too_wide(page):
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def violations(page):
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}}).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:160]) for one in found]


@pytest.fixture
def choices(transactional_db):
    networks = [
        make_network("nordic", name_en="Nordic Safe Cities", name_ar="مدن الشمال الآمنة"),
        make_network("med", name_en="Cities of the Southern Mediterranean", name_ar="مدن جنوب المتوسط"),
    ]
    for code, label, arabic in [("youth", "Youth", "الشباب"), ("education", "Education", "التعليم")]:
        make_term(Scheme.THEME, code, label_en=label, label_ar=arabic)
    return networks


@pytest.fixture
def reader(choices):
    subscriber = make_subscriber("asa@malmo.example", newsletters=choices, languages=["sv", "ar"])
    make_subscription(subscriber, "practices", only_searches=True)
    SavedSearch.objects.create(subscriber=subscriber, label="“dialogue”, Youth", query="q=dialogue&theme=youth")
    return subscriber


def own_page(subscriber, language="en", *, scope=keys.EVERYTHING):
    key = keys.key_of(subscriber.uid, subscriber.token_version, scope)
    return f"/{language}/newsletter/preferences/{key}/"


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_and_are_accessible(open_page, reader, language, width):
    faults = {}
    for name, path in {
        "subscribe": f"/{language}/newsletter/?search=theme%3Dyouth",
        "sent": f"/{language}/newsletter/sent/",
        "own": own_page(reader, language),
        "narrow": own_page(reader, language, scope=keys.DIGESTS),
        "home": f"/{language}/",
    }.items():
        page = open_page(path, width=width)
        for details in page.locator("main details").all():
            details.evaluate("element => element.open = true")
        picture(page, f"newsletter-{name}-{language}-{width}")
        if wrong := [*violations(page), *(["too wide"] if too_wide(page) else [])]:
            faults[name] = wrong
    assert faults == {}


@pytest.mark.parametrize(("language", "javascript"), [("en", False), ("ar", True)])
def test_from_the_foot_of_a_page_to_the_first_mail(open_page, choices, language, javascript):
    page = open_page(f"/{language}/", width=390, javascript=javascript)
    page.locator("#footer-email").fill("asa@malmo.example")
    page.locator(".footer .subscribe button").click()
    assert page.locator("[name=email]").input_value() == "asa@malmo.example"
    assert "asa" not in page.url
    page.locator("[name=practices]").select_option("weekly")
    page.locator("[name=newsletters]").first.check()
    page.locator("[name=language_2]").select_option("fr")
    page.locator("main form .button").click()
    page.wait_for_url("**/newsletter/sent/")

    send_waiting()
    [told] = mail.outbox
    link = re.search(r"https?://[^/\s]+(/\S+/newsletter/confirm/\S+)", told.body)[1]
    mail.outbox.clear()
    page = open_page(link, width=390, javascript=javascript)
    picture(page, f"newsletter-confirm-{language}")
    if javascript:
        assert violations(page) == []
    page.locator("main form .button").click()
    page.locator("main a.button").click()
    picture(page, f"newsletter-began-{language}")
    assert set(Subscription.objects.receiving().values_list("channel", "frequency")) == {
        ("practices", "weekly"),
        ("newsletter", ""),
    }


@pytest.mark.parametrize("language", ["en", "ar"])
def test_pause_and_leave_by_button(open_page, reader, language):
    page = open_page(own_page(reader, language), width=390, javascript=False)
    page.locator(".tile summary").click()
    page.locator("[name=until]").fill((timezone.localdate() + timedelta(days=20)).isoformat())
    page.locator("form[action$='/pause/'] button").click()
    picture(page, f"newsletter-paused-{language}")
    assert not Subscription.objects.receiving().exists()
    page.locator("form[action$='/resume/'] button").click()
    assert Subscription.objects.receiving().count() == 3
    page.locator("form[action$='/leave/'] button[value='0']").click()
    assert not Subscription.objects.receiving().exists()


def test_account_has_the_same_page(open_as, reader):
    page = open_as(make_person("asa@malmo.example"), "/en/accounts/me/")
    page.get_by_role("navigation", name="Your account").get_by_role("link", name="Newsletters").click()
    picture(page, "newsletter-account")
    assert violations(page) == []
    page.locator("[name=events]").select_option("daily")
    page.locator("main form.registering .button").click()
    page.get_by_text("Your changes are saved.").wait_for()
    assert Subscription.objects.get(channel="events").frequency == "daily"
