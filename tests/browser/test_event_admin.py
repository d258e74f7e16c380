"""The page of one event as coordinators see it."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone

from common.models import OutboxMail
from events.models import Nomination
from events.services.life import postpone
from networks.models import RoleAssignment
from networks.services import grant_role
from tests.events.factories import make_event, make_group, make_registration, make_reserve, make_room, make_session
from tests.factories import make_city, make_network, make_person, make_term

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def event(transactional_db):
    network = make_network("nordic", name_en="Nordic Safe Cities", name_ar="شبكة المدن الآمنة")
    event = make_event(
        networks=[network],
        seats=4,
        mode="hybrid",
        online_seats=50,
        city=make_city("Malmö", name_ar="مالمو"),
        venue="Stadshuset",
        title_en="Youth, dialogue and the long winter: what cities did in the neighbourhoods",
        title_ar="الشباب والحوار",
        needs_approval=True,
    )
    room = make_room(event, "Great hall", capacity=80)
    make_session(event, "Opening", room=room)
    workshop = make_session(event, "Workshops", kind="breakout", seats=5)
    make_group(workshop, "Schools and parents", room=room)
    pool = event.pools.get(kind="in-person")
    make_reserve(
        pool,
        stakeholder=make_term("organisation-type", label_en="School", label_ar="مدرسة"),
        seats=1,
        releases_at=timezone.now() + timedelta(days=3),
    )
    event.pools.filter(pk=pool.pk).update(per_city_maximum=2, offer_hours=24)
    for number in range(4):
        make_registration(event, name=f"Person {number}", city=event.city, needs_diet="Vegan", needs_access="Ramp")
    for number in range(2):
        waiting = make_registration(event, state="waitlisted", name=f"Who waits {number}")
        waiting.allocations.create(pool=pool, state="waiting", position=number + 1)
    make_registration(event, "averyverylongaddress.of.somebody@municipality.example.org", state="awaiting-approval")
    Nomination.objects.create(event=event, email="n@example.org")
    OutboxMail.objects.create(
        kind="x",
        key="x",
        recipient="a@example.org",
        language="en",
        subject="You have a place",
        not_before=timezone.now(),
        message_id="x",
        about=f"event:{event.pk}",
    )
    return event


@pytest.fixture
def coordinator(event):
    person = make_person("coordinator@example.org", name="Ada")
    grant_role(
        person, RoleAssignment.Role.COORDINATOR, actor=make_person(is_superuser=True), network=event.networks.get()
    )
    return person


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_overview_fits_the_screen(open_as, event, coordinator, width, language, scheme):
    page = open_as(coordinator, f"/admin/events/event/{event.pk}/overview/", width=width, color_scheme=scheme)
    if language == "ar":
        page.locator(".admin-languages summary").click()
        page.locator('.admin-languages button[value="ar"]').click()
        page.wait_for_load_state()
    page.locator(".transitions details summary").first.click()
    page.locator(".people details summary").first.click()
    if pictures := os.environ.get("PICTURES"):
        page.screenshot(path=f"{pictures}/overview-{language}-{width}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_coordinator_writes_and_announces_an_event(open_as, event, coordinator):
    page = open_as(coordinator, "/admin/events/event/add/")
    if pictures := os.environ.get("PICTURES"):
        page.screenshot(path=f"{pictures}/add.png", full_page=True)
    page.fill("#id_title_en", "Spring forum")
    page.fill("#id_start_date", "2027-03-28")
    page.fill("#id_start_time", "02:30")
    page.fill("#id_end_date", "2027-03-28")
    page.fill("#id_end_time", "16:00")
    page.select_option("#id_time_zone", "Europe/Stockholm")
    page.locator("input[name=languages][value=en]").check()
    page.locator("input[name=_save]").click()
    assert page.locator(".field-start_date .errorlist, .field-start_time .errorlist").inner_text() == (
        "The clocks skip this time on that day: summer time begins."
    )
    page.fill("#id_start_time", "09:30")
    page.locator("input[name=_save]").click()
    assert page.locator("#content h1").inner_text() == "Spring forum"
    page.get_by_role("button", name="Announce").click()
    assert page.locator(".transitions .errorlist").count() == 1


def test_pages_below_the_overview_fit_a_phone(open_as, event, coordinator):
    session = event.sessions.get(kind="breakout")
    pool = event.pools.get(kind="in-person")
    pages = {
        "session": f"session/{session.pk}/change/",
        "new-session": f"session/add/?event={event.pk}",
        "pool": f"seatpool/{pool.pk}/change/",
        "register": f"event/{event.pk}/register/",
        "nominate": f"event/{event.pk}/nominate/",
        "duplicate": f"event/{event.pk}/duplicate/",
        "cohosts": f"event/{event.pk}/cohosts/",
        "list": "event/",
    }
    wide = []
    for name, address in pages.items():
        page = open_as(coordinator, f"/admin/events/{address}", width=390)
        if pictures := os.environ.get("PICTURES"):
            page.screenshot(path=f"{pictures}/page-{name}.png", full_page=True)
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(name)
    assert wide == []


def test_poll_page_fits_a_phone(open_as, event, coordinator):
    postpone(event, actor=coordinator)
    page = open_as(coordinator, f"/admin/events/event/{event.pk}/poll/", width=390)
    if pictures := os.environ.get("PICTURES"):
        page.screenshot(path=f"{pictures}/page-poll.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
