"""Pages that a mailed link opens, and those of hosting together, in Chromium: accessible, on a phone, right to left."""

import pytest
from allauth.account.models import EmailAddress
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from events.services.admitting import nominate
from events.services.cohosting import ask_network
from events.services.note_links import send_note_link
from events.services.personal_calendars import personal_calendar_of
from events.tokens import token_of
from tests.browser.test_events_desk import desk  # noqa: F401
from tests.browser.test_pages import LEVELS
from tests.events.conftest import make_coordinator
from tests.factories import make_network

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pages(desk):  # noqa: F811
    """[(name, who is signed in or nobody, address)]."""
    event, host = desk["event"], desk["host"]
    link = send_note_link(desk["groups"][0], email="rana@example.org", name="Rana", language="ar", actor=host)
    nomination = nominate(event, "nora@example.org", name="Nora", actor=host)
    asked = make_network("asked", name_ar="شبكة أخرى")
    invitation = ask_network(event, asked, actor=host, message="Shall we?")
    row = event.registrations.first()
    row.email = host.email
    row.save()
    calendar = personal_calendar_of(host.email)
    EmailAddress.objects.update_or_create(user=host, email=host.email, defaults={"verified": True, "primary": True})
    key = [nomination.uid, token_of(nomination, "nomination")]
    return [
        ("notes", None, reverse("events:group-notes", args=[link.uid, token_of(link, "notes")])),
        ("nominated", None, reverse("events:nominated", args=key)),
        ("nominated-register", None, reverse("events:nominated-register", args=key)),
        ("new-calendar", None, reverse("events:registration-calendar-new", args=[row.uid, token_of(row)])),
        ("calendar", host, reverse("event_desk:calendar", args=[calendar.pk])),
        ("cohosting", make_coordinator(asked), reverse("event_desk:cohosting", args=[invitation.pk])),
    ]


@pytest.mark.parametrize(("language", "width"), [("ar", 390), ("en", 1280)])
def test_pages_are_accessible_and_fit(open_page, open_as, pages, language, width):
    faults = []
    for name, person, address in pages:
        path = address.replace("/en/", f"/{language}/", 1)
        page = open_as(person, path, width=width) if person else open_page(path, width=width)
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true })")
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}}).response["violations"]
        faults += [(name, one["id"], one["nodes"][0]["html"]) for one in found]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            faults.append((name, "wide"))
    assert faults == []
