"""The public pages of events in a browser: accessible, narrow, by keyboard, without JavaScript, light."""

import gzip
import os
from datetime import date, time, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from events.models import Event, EventDateChange, Recording, Speaker
from tests.browser.test_library import tab_to
from tests.browser.test_pages import LEVELS
from tests.events.factories import make_event, make_group, make_registration, make_room, make_series, make_session
from tests.factories import make_city, make_network, make_practice, make_term
from vocabularies.models import Scheme

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATHS = {
    "list": "/events/",
    "past": "/events/?when=past",
    "narrowed": "/events/?network=nordic&mode=online",
    "empty": "/events/?network=nordic&country=JO",
    "month": "/events/month/{month}/",
    "event": "/events/{event}/",
    "cancelled": "/events/{cancelled}/",
    "series": "/events/series/{series}/",
    "home": "/",
    "network": "/networks/nordic/",
    "city": "/cities/malmo/",
}
TITLES = {
    "sv": "Kommunernas våldsförebyggande integrationsarbete i bostadsområdet",
    "en": "Conversations in the neighbourhood",
    "ar": "حوار في الحي مع موظفي البلدية",
}


@pytest.fixture
def calendar(transactional_db):
    """Two dozen events in three languages in every state, one of them with all that a page can tell."""
    theme = make_term(Scheme.THEME, "youth", label_en="Youth", label_ar="الشباب")
    workshop = make_term(Scheme.EVENT_FORMAT, "workshop", label_en="Workshop", label_ar="ورشة عمل")
    malmo = make_city("Malmö", "SE", slug="malmo", latitude=55.6, longitude=13.0)
    amman = make_city("Amman", "JO", slug="amman", name_ar="عمّان", latitude=31.95, longitude=35.93)
    nordic = make_network("nordic", cities=[malmo], name_en="Nordic cities for dialogue", colour="#8a3b12")
    southern = make_network("southern", cities=[amman], name_en="Southern cities", name_ar="مدن الجنوب")
    series = make_series(networks=[nordic], title_en="Three workshops and a meeting", summary_en="From talk to plan.")
    day = timezone.localdate().replace(day=10) + timedelta(days=35)
    event = make_event(
        networks=[nordic, southern],
        day=day,
        end_date=day + timedelta(days=1),
        city=malmo,
        mode="hybrid",
        seats=20,
        online_seats=1,
        series=series,
        format=workshop,
        venue="Stadshuset",
        address="August Palms plats 1",
        online_link="https://meet.example.org/secret",
        languages=["en", "ar"],
        interpretation=["fr", "sv"],
        title_en="Answering polarisation in the neighbourhood: what municipal staff can do together",
        description_en="<p>Two days of exchange.</p><ul><li>Listen</li><li>Plan</li></ul>",
        practical_en="The building has a lift.",
        status_note_en="The room has changed: it is larger now.",
    )
    event.themes.add(theme)
    EventDateChange.objects.create(event=event, old_starts_at=event.starts_at - timedelta(days=30))
    make_registration(event, mode="online")
    speaker = Speaker.objects.create(event=event, name="Åsa Öberg", role_en="Head of social work", city=malmo)
    hall = make_room(event, "Great hall", accessibility_en="level entrance")
    opening = make_session(event, room=hall, moderator=speaker)
    opening.speakers.add(speaker)
    make_session(event, "Coffee", kind="pause", start=time(11), end=time(11, 30))
    rooms = make_session(event, "In small groups", kind="breakout", start=time(11, 30), end=time(13))
    for number in range(3):
        make_group(rooms, f"Group {number}", room=make_room(event, f"Room {number}"), language="en")
    make_session(event, "Plans", day=day + timedelta(days=1))
    event.documents.create(file="events/documents/a.pdf", language="en", title_en="Programme")
    Recording.objects.create(event=event, session=opening, url="https://video.example.org/1", language="en")
    event.event_practices.create(practice=make_practice(city=malmo), presenter="Åsa Öberg")
    event.event_practices.create(title="Night walks", city=amman)
    make_event(networks=[nordic], series=series, day=day + timedelta(days=9), city=malmo, status_note_en="Sorry.")
    postponed = make_event(networks=[nordic], series=series)
    Event.objects.filter(pk=postponed.pk).update(
        status="postponed", start_date=None, end_date=None, starts_at=None, ends_at=None
    )
    cancelled = make_event(networks=[nordic], status="cancelled", day=day + timedelta(days=2))
    for number in range(20):
        language = ("sv", "en", "ar")[number % 3]
        make_event(
            networks=[(nordic, southern)[number % 2]],
            day=day + timedelta(days=number % 9),
            city=(malmo, amman)[number % 2],
            mode=("in-person", "online", "hybrid")[number % 3],
            seats=(None, 3, 0)[number % 3],
            source_language=language,
            **{f"title_{language}": f"{TITLES[language]} {number}"},
        )
    make_event(networks=[nordic], day=date(2025, 3, 4), status="held")
    return {"event": event.pk, "cancelled": cancelled.pk, "series": series.pk, "month": f"{day:%Y-%m}"}


def address(language, name, calendar):
    return f"/{language}{PATHS[name].format(**calendar)}"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_events_page_has_no_accessibility_violation(open_page, calendar, language):
    violations = []
    for name in PATHS:
        page = open_page(address(language, name, calendar), color_scheme="light")
        result = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}})
        violations += [
            (name, violation["id"], violation["nodes"][0]["html"][:160]) for violation in result.response["violations"]
        ]
    assert violations == []


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_events_page_reflows(open_page, calendar, language, width):
    wide = {}
    for name in PATHS:
        page = open_page(address(language, name, calendar), width=width)
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=f"{folder}/{language}-{width}-{name}.png", full_page=True)
        scroll_width = page.evaluate("document.documentElement.scrollWidth")
        if scroll_width > width:
            wide[name] = scroll_width
    assert wide == {}


def test_events_page_weighs_less_than_100_kilobytes(chromium, live_server, calendar):
    heavy = {}
    for name in PATHS:
        context = chromium.new_context()
        page = context.new_page()
        bodies = []
        page.on("response", lambda response, bodies=bodies: bodies.append(response))
        page.goto(live_server.url + address("en", name, calendar))
        page.wait_for_load_state("networkidle")
        weight = sum(len(gzip.compress(response.body())) for response in bodies if response.ok)
        context.close()
        if weight > 100_000:
            heavy[name] = weight
    assert heavy == {}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_events_by_keyboard_alone(open_page, calendar, language):
    page = open_page(f"/{language}/events/")
    tab_to(page, "#mode-online")
    page.keyboard.press("Space")
    page.wait_for_url("**mode=online**")
    expect(page.locator("#mode-online")).to_be_focused()
    tab_to(page, "#results .card h3 a")
    page.keyboard.press("Enter")
    expect(page.locator("article h1")).to_be_visible()


def test_events_without_javascript(open_page, calendar):
    page = open_page("/en/events/", javascript=False)
    page.locator("#mode-online").check()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**mode=online**")
    expect(page.locator("#results-title")).to_have_text("7 events")
    page.get_by_role("link", name="Past", exact=True).click()
    expect(page.locator("#results h3")).to_have_text("No event fits all of this")


def test_events_tabs_survive_a_choice_made_with_javascript(open_page, calendar):
    page = open_page("/en/events/?when=past")
    expect(page.locator("#results-title")).to_have_text("1 event")
    page.locator("#network-nordic").check()
    page.wait_for_url("**network=nordic**")
    assert "when=past" in page.url
    expect(page.locator("#results-title")).to_have_text("1 event")


@pytest.mark.parametrize(("width", "table", "days"), [(390, False, True), (1280, True, False)])
def test_month_is_a_list_where_the_screen_is_narrow(open_page, calendar, width, table, days):
    page = open_page(address("en", "month", calendar), width=width)
    assert (page.locator("table.month").is_visible(), page.locator(".month-list").is_visible()) == (table, days)


def test_month_runs_from_the_right_in_arabic(open_page, calendar):
    page = open_page(address("ar", "month", calendar))
    first, last = page.locator(".month th").first.bounding_box(), page.locator(".month th").last.bounding_box()
    assert first["x"] > last["x"]
