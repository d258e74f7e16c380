"""Registering for an event as people do: by phone, by keyboard, right to left, without JavaScript."""

import os
import pathlib
import re

import pytest
from django.core import mail
from django.urls import reverse

from common.outbox.sending import send_waiting
from events.models import Registration
from events.services import entering
from events.tokens import token_of
from networks.models import Membership
from tests.events.factories import make_event, make_group, make_registration, make_room, make_session
from tests.factories import make_city, make_network, make_person, make_term

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def picture(page, name):
    """PICTURES=dir keeps how pages look, for people to look at."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(pathlib.Path(folder) / f"{name}.png"), full_page=True)


@pytest.fixture
def event(transactional_db):
    network = make_network("nordic", name_en="Nordic cities", name_ar="مدن الشمال")
    for name, arabic in [("Malmö", "مالمو"), ("Lund", "لوند")]:
        Membership.objects.create(network=network, city=make_city(name, name_ar=arabic))
    for code, label, arabic in [("school", "School", "مدرسة"), ("municipality", "Municipality", "بلدية")]:
        make_term("organisation-type", code, label_en=label, label_ar=arabic)
    found = make_event(
        networks=[network],
        mode="hybrid",
        seats=1,
        title_en="Workshop on dialogue in schools",
        title_ar="ورشة عمل حول الحوار في المدارس",
        city=make_city("Torino", "IT", name_ar="تورينو"),
        venue="Sala Rossa",
        online_link="https://meet.example/secret",
        languages=["en", "ar"],
        interpretation=["ar", "fr"],
    )
    session = make_session(found, "Youth and sport", kind="breakout", seats=4, title_ar="الشباب والرياضة")
    for number in range(3):
        make_group(session, f"Group {number}", room=make_room(found, f"Room {number}"))
    return found


def form_of(event, language="en"):
    return f"/{language}" + reverse("events:register", args=[event.pk, event.slug]).removeprefix("/en")


def own_page(registration, language="en"):
    path = reverse("events:manage", args=[registration.uid, token_of(registration)])
    return f"/{language}" + path.removeprefix("/en")


def mailed_link():
    send_waiting()
    [told] = mail.outbox
    mail.outbox.clear()
    return re.search(r"https?://[^/\s]+(/\S+)", told.body)[1]


def too_wide(page):
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


@pytest.mark.parametrize("javascript", [True, False])
def test_somebody_registers_confirms_and_withdraws(open_page, live_server, event, javascript):
    page = open_page(form_of(event), width=390, javascript=javascript, timezone_id="Africa/Tunis")
    page.get_by_label("Your name").fill("Åsa Ek")
    page.get_by_label("E-mail address").fill("asa@example.org")
    page.locator("#id_city").fill("Malmö (SE)")
    page.locator("[name=mode][value=in-person]").check()
    page.get_by_label(re.compile("hosts of this event may use")).check()
    page.get_by_role("button", name="Register").click()
    page.wait_for_url("**/register/sent/")
    assert page.locator("h1").inner_text() == "Look into your mailbox"
    page.goto(live_server.url + mailed_link())
    page.get_by_role("button", name="Yes, I want to take part").click()
    assert page.locator("h1").inner_text() == "You have a place on site."
    row = Registration.objects.get()
    assert (row.city.name_en, row.time_zone) == ("Malmö", "Africa/Tunis" if javascript else "")
    page.get_by_text("I cannot come").click()
    page.get_by_role("button", name="Withdraw my registration").click()
    assert page.locator("h1").inner_text() == "You have withdrawn."


def test_refused_form_is_mended_by_keyboard(open_page, event):
    page = open_page(form_of(event))
    page.get_by_label("Your name").fill("Åsa Ek")
    page.get_by_label("Your name").press("Enter")
    page.wait_for_selector(".errorlist")
    assert page.get_by_label("Your name").input_value() == "Åsa Ek"
    email = page.locator("#id_email")
    assert email.get_attribute("aria-invalid") == "true"
    assert page.locator(f"#{email.get_attribute('aria-describedby')}").is_visible()
    focused = []
    page.locator("#id_name").focus()
    for _step in range(30):
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.name"))
    assert "website" not in focused
    assert focused[0] == "email"


def test_own_page_by_keyboard_and_with_its_group(open_page, event):
    row = make_registration(event)
    page = open_page(own_page(row))
    page.get_by_text("Wishes for groups").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("First wish").select_option("Group 2")
    page.get_by_role("button", name="Save (Wishes for groups)").click()
    page.wait_for_selector("[role=status]")
    assert [str(wish.group) for wish in row.wishes.all()] == ["Group 2"]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_pages_fit_and_read_in_both_directions(open_page, open_as, event, language, width):
    direction = "rtl" if language == "ar" else "ltr"
    place = make_registration(event, "asa@example.org")
    waits = entering.confirm_address(make_registration(event, "bo@example.org", state="unverified", seat=False))
    unverified = make_registration(event, "unverified@example.org", state="unverified", seat=False)
    person = make_person("bo@example.org", language=language)
    pages = {
        "form": open_page(form_of(event, language), width=width),
        "sent": open_page(form_of(event, language) + "sent/", width=width),
        "place": open_page(own_page(place, language), width=width),
        "waits": open_page(own_page(waits, language), width=width),
        "confirm": open_page(own_page(unverified, language) + "confirm/", width=width),
        "mine": open_as(person, f"/{language}/workspace/events/", width=width),
    }
    for name, page in pages.items():
        assert page.locator("html").get_attribute("dir") == direction
        assert not too_wide(page), name
        picture(page, f"{name}-{language}-{width}")
        for details in page.locator(".form-page > details").all():
            details.locator("summary").first.click()
        assert not too_wide(page), name
        picture(page, f"{name}-open-{language}-{width}")
        if name == "form":
            page.locator("form.registering button[type=submit]").click()
            page.wait_for_selector(".errorlist")
            picture(page, f"refused-{language}-{width}")
