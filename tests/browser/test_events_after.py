"""Check-in, certificates and feedback in Chromium: on a phone, right to left, without JavaScript."""

import os
import re
from datetime import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.documents import certificate_pdf
from events.models import Attendance, EventPractice
from events.services.certifying import issue, revoke
from events.services.feedback import answer, invite
from events.tokens import token_of
from networks.models import RoleAssignment
from networks.services import grant_role
from tests.browser.test_pages import LEVELS
from tests.events.factories import make_event, make_registration, make_session
from tests.factories import make_city, make_network, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Nachbarschaftsgesprächsvorbereitungsgruppenleiterin von und zu Reggio Emilia"
NAMES = ["Anna Åberg", "Bo Ek", "سارة الخطيب", LONG, "Nino Rossi", "Chloé Dupont", "Ștefan Ionescu"]


@pytest.fixture
def event(transactional_db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    city = make_city("Malmö", name_ar="مالمو")
    event = make_event(
        networks=[make_network(name_en="Nordic Safe Cities")],
        status="held",
        day=timezone.localdate(),
        title_en="Meeting of coordinators",
        title_ar="اجتماع المنسقين",
        city=city,
        venue="Rådhuset",
    )
    make_session(event, "Opening and what changed since spring", start=time(10), end=time(11))
    make_session(event, "Coffee", kind="pause", start=time(11), end=time(11, 30))
    make_session(event, "Young people online", start=time(11, 30), end=time(13))
    for number, name in enumerate(NAMES):
        person = make_registration(
            event, f"p{number}@example.org", name=name, city=city, state="no-show" if number == 6 else "attended"
        )
        if number < 5:
            Attendance.objects.create(registration=person, session=None, source="manual")
    return event


@pytest.fixture
def host(event, admin_user):
    person = make_person("host@example.org")
    grant_role(person, RoleAssignment.Role.COORDINATOR, actor=admin_user, network=event.networks.get())
    return person


@pytest.fixture
def paths(event, host):
    """(name, who or None, path without language)."""
    people = list(event.registrations.order_by("pk"))
    anna, bo = people[:2]
    valid = issue(anna, actor=host, printed=certificate_pdf)
    void = revoke(issue(bo, actor=host, printed=certificate_pdf), actor=host, reason="The name was misspelt.")
    invite(event)
    for number, person in enumerate(people[:5]):
        answer(
            person,
            {
                "usefulness": 5 - number % 3,
                "exchange": 3 + number % 2,
                "organisation": 5,
                "take_away": ["Meet at the square.", "نلتقي في الساحة.", LONG, "Call the school.", "Ask first."][
                    number
                ],
                "improve": "" if number else "Longer pauses.",
            },
        )
    quiet = make_event(networks=[event.networks.get()])
    EventPractice.objects.create(event=event, city=event.city, title="Conversations on the square")
    link = lambda name, *args: reverse(name, args=args).removeprefix("/en")  # noqa: E731
    return [
        ("check-in", host, link("event_desk:check-in", event.pk)),
        ("check-in-session", host, link("event_desk:check-in-session", event.pk, event.sessions.first().pk)),
        ("check-in-empty", host, link("event_desk:check-in", quiet.pk)),
        ("check-in-code", host, link("events:check-in", anna.uid, token_of(anna, "check-in"))),
        ("code-of-somebody", None, link("events:check-in", anna.uid, token_of(anna, "check-in"))),
        ("own-code", None, link("events:registration-code", anna.uid, token_of(anna))),
        ("log", host, link("event_desk:attendance", event.pk)),
        ("certificates", host, link("event_desk:certificates", event.pk)),
        ("certificate", None, link("events:registration-certificate", anna.uid, token_of(anna))),
        ("valid", None, link("events:certificate-check", valid.code)),
        ("revoked", None, link("events:certificate-check", void.code)),
        ("unknown", None, link("events:certificate-check", "AAAA-BBBB-CCCC-DDDD")),
        ("feedback", None, link("events:feedback", people[5].uid, token_of(people[5], "feedback"))),
        ("thanks", None, link("events:feedback", anna.uid, token_of(anna, "feedback"))),
        ("results", host, link("event_desk:feedback", event.pk)),
        ("results-hidden", host, link("event_desk:feedback", quiet.pk)),
        ("practices", host, link("event_desk:practices", event.pk)),
    ]


def pictured(page, name):
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"after-{name}.png", full_page=True)


def faults_of(page, width):
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}}).response["violations"]
    faults = [(one["id"], one["nodes"][0]["html"][:160]) for one in found]
    return faults + (["too wide"] if page.evaluate("document.documentElement.scrollWidth") > width else [])


@pytest.mark.parametrize(
    ("language", "width", "scheme"),
    [("en", 1280, "light"), ("ar", 390, "light"), ("en", 390, "dark"), ("ar", 1280, "light")],
)
def test_pages_are_accessible_and_fit(open_page, open_as, paths, language, width, scheme):
    faults = []
    for name, person, path in paths:
        address = f"/{language}{path}"
        options = {"width": width, "color_scheme": scheme}
        page = open_as(person, address, **options) if person else open_page(address, **options)
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true })")
        pictured(page, f"{name}-{language}-{width}")
        faults += [(name, fault) for fault in faults_of(page, width)]
        page.context.close()
    assert "\n".join(map(str, faults)) == ""


def test_people_are_checked_in_on_a_phone_without_javascript(open_as, event, host):
    Attendance.objects.all().delete()
    page = open_as(host, f"/en/workspace/events/{event.pk}/check-in/", width=390, javascript=False)
    page.get_by_label("Name, e-mail or city").fill("aberg")
    page.get_by_role("button", name="Search", exact=True).last.click()
    assert page.locator(".door li").count() == 1
    button = page.get_by_role("button", name=re.compile("Is here.*Anna Åberg"))
    assert button.bounding_box()["height"] >= 48
    button.click()
    assert page.locator(".door-count").inner_text() == "1 of 7 are here"
    page.get_by_role("button", name=re.compile("Undo.*Anna Åberg")).click()
    assert page.locator(".door-count").inner_text() == "0 of 7 are here"


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ar", 390)])
def test_log_is_shown_and_stored(open_as, event, host, language, width):
    Attendance.objects.all().delete()
    day = timezone.localdate().strftime("%m/%d/%Y")
    lines = ["Name (Original Name),User Email,Join Time,Leave Time"]
    people = [("Anna Åberg", "p0@example.org"), ("Somebody", ""), ("سارة الخطيب", "")]
    lines += [f"{name},{email},{day} 10:00:00 AM,{day} 10:45:00 AM" for name, email in people]
    page = open_as(host, f"/{language}/workspace/events/{event.pk}/attendance/", width=width)
    file = {"name": "log.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    page.set_input_files("#id_files", file)
    page.locator("main form button[type=submit]").click()
    pictured(page, f"preview-{language}-{width}")
    assert faults_of(page, width) == []
    assert Attendance.objects.count() == 0
    page.locator("main select").select_option(str(event.registrations.get(name="Bo Ek").pk))
    page.locator("main form button[type=submit]").click()
    rows = Attendance.objects.order_by("registration").values_list("registration__name", "minutes")
    assert list(rows) == [("Anna Åberg", 45), ("Bo Ek", 45), ("سارة الخطيب", 45)]


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ar", 390)])
def test_refused_feedback_says_why_beside_each_question(open_page, paths, language, width):
    path = next(path for name, _who, path in paths if name == "feedback")
    page = open_page(f"/{language}{path}", width=width)
    page.locator("#id_take_away").fill("Meet at the square.")
    page.locator("main form button[type=submit]").click()
    pictured(page, f"feedback-refused-{language}-{width}")
    assert (page.locator("main .errorlist").count(), page.locator("#id_take_away").input_value()) == (
        3,
        "Meet at the square.",
    )
    assert faults_of(page, width) == []


def test_check_in_by_code_is_one_press(open_as, event, host):
    Attendance.objects.all().delete()
    bo = event.registrations.get(name="Bo Ek")
    page = open_as(host, reverse("events:check-in", args=[bo.uid, token_of(bo, "check-in")]), width=390)
    page.get_by_role("button", name="Is here").click()
    assert "Checked in:" in page.locator("main").inner_text()
    assert Attendance.objects.values_list("registration", "source").get() == (bo.pk, "qr")


def test_public_pages_are_small(paths):
    client = Client()
    sizes = {name: len(client.get("/en" + path).content) for name, who, path in paths if who is None}
    assert {name: size for name, size in sizes.items() if size > 100_000} == {}
    assert len(sizes) == 8
