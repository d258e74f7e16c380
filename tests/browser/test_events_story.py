"""One event from its announcement to the practice that was shown there, through the pages of all who take part."""

import os
import re
from datetime import time, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from common.outbox.sending import send_waiting
from events.models import Certificate, Event, EventPractice, Registration
from events.tasks import issue_certificates
from networks.models import RoleAssignment
from networks.services import grant_role
from practices.models import Practice
from tests.events.factories import make_event, make_session
from tests.factories import make_city, make_network, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Role = RoleAssignment.Role


@pytest.fixture
def hosts(transactional_db, settings, tmp_path):
    """A draft with one seat, its coordinator, and an officer of the city that will show a practice."""
    settings.MEDIA_ROOT = tmp_path

    class Hosts:
        city = make_city("Reggio Emilia", "IT", name_ar="ريدجو إميليا")
        network = make_network("dialogue", cities=[city], name_en="Cities of Dialogue", name_ar="مدن الحوار")
        coordinator = make_person("coordinator@example.org", name="Ada")
        officer = make_person("officer@example.org", name="Bruno")

    admin = make_person(is_superuser=True)
    grant_role(Hosts.coordinator, Role.COORDINATOR, actor=admin, network=Hosts.network)
    grant_role(Hosts.officer, Role.CONTRIBUTOR, actor=admin, city=Hosts.city)
    Hosts.event = make_event(
        networks=[Hosts.network],
        published=False,
        seats=1,
        title_en="Answering rumours",
        title_ar="الرد على الشائعات",
        summary_ar="يومان مع المدن.",
        city=Hosts.city,
        venue="Sala del Consiglio",
        time_zone="Europe/Rome",
    )
    make_session(Hosts.event, "Opening", start=time(10), end=time(12), title_ar="الافتتاح")
    EventPractice.objects.create(
        event=Hosts.event, city=Hosts.city, title="Coffee with neighbours", note="Tables in the yard, every Friday."
    )
    return Hosts


class Story:
    """The pages of the coordinator, the participants and visitors, in one language."""

    def __init__(self, language, hosts, open_page, open_as, base):
        self.language, self.hosts, self.base = language, hosts, base
        self.visitor = open_page(f"/{language}/events/", width=390)
        self.desk = open_as(hosts.coordinator, self.overview)
        if language != "en":
            self.desk.locator(".admin-languages summary").click()
            self.desk.locator(f'.admin-languages button[value="{language}"]').click()
            self.desk.wait_for_load_state()

    @property
    def overview(self):
        return f"/admin/events/event/{self.hosts.event.pk}/overview/"

    def event(self):
        return Event.objects.get(pk=self.hosts.event.pk)

    def do(self, name, **values):
        """A transition of the event on its page in the administration."""
        self.desk.goto(self.base + self.overview)
        form = self.desk.locator("form", has=self.desk.locator(f'input[name="do"][value="{name}"]'))
        if values:
            self.desk.locator("details", has=form).locator("summary").click()
        for field, value in values.items():
            form.locator(f"[name={field}]").fill(value)
        form.locator("button[type=submit]").click()
        self.desk.wait_for_load_state()

    def open(self, path):
        self.visitor.goto(self.base + path)
        return self.visitor

    def page_of_event(self):
        self.open(f"/{self.language}" + self.event().get_absolute_url().removeprefix("/en"))
        return self.visitor.locator("main").inner_text()

    def register(self, name):
        """Somebody registers on a phone and opens the link that was mailed."""
        path = reverse("events:register", args=[self.hosts.event.pk, self.event().slug]).removeprefix("/en")
        page = self.open(f"/{self.language}{path}")
        page.locator("[name=name]").fill(name)
        page.locator("main [name=email]").fill(f"{name.lower()}@example.org")
        page.locator("#id_city").fill(
            f"{self.hosts.city.name_ar if self.language == 'ar' else self.hosts.city.name_en} (IT)"
        )
        page.locator("[name=consent_data]").check()
        page.locator("main form button[type=submit]").last.click()
        page.wait_for_url("**/register/sent/")
        self.press(self.mailed(name))
        return Registration.objects.get(name=name)

    def mailed(self, name):
        """The first address in the last mail to somebody."""
        send_waiting()
        last = [message for message in mail.outbox if message.to == [f"{name.lower()}@example.org"]][-1]
        return re.search(r"https?://[^/\s]+(/\S+registration/\S+)", last.body)[1]

    def press(self, path, button="main form button[type=submit]"):
        """Open an address of a mail, which changes nothing, and press the button there."""
        self.open(path).locator(button).first.click()
        self.visitor.wait_for_load_state()

    def picture(self, page, name):
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=str(Path(folder) / f"story-{name}-{self.language}.png"), full_page=True)

    def run(self, name, *args):
        """A page on which the event is run."""
        path = reverse(f"event_desk:{name}", args=[self.hosts.event.pk, *args]).removeprefix("/en")
        self.desk.goto(f"{self.base}/{self.language}{path}")
        return self.desk


def state_of(registration):
    registration.refresh_from_db()
    return registration.state


@pytest.mark.parametrize("language", ["en", "ar"])
def test_event_from_its_announcement_to_a_drafted_practice(open_page, open_as, live_server, settings, hosts, language):
    settings.SITE_URL = live_server.url
    story = Story(language, hosts, open_page, open_as, live_server.url)

    # Announced: it was nowhere before, and is on the list now.
    title = hosts.event.title_ar if language == "ar" else hosts.event.title_en
    assert title not in story.visitor.content()
    story.do("publish")
    assert title in story.open(f"/{language}/events/").content()

    # Full house: the second waits, with a number.
    carla, dario = story.register("Carla"), story.register("Dario")
    assert (state_of(carla), state_of(dario)) == ("confirmed", "waitlisted")
    story.picture(story.visitor, "waiting")

    # Postponed without a date, with a poll: both keep what they have.
    story.do("postpone", reason="The hall is flooded.")
    assert story.event().status == "postponed"
    assert "The hall is flooded." in story.page_of_event()
    day = timezone.localdate() + timedelta(days=60)
    story.desk.goto(f"{story.base}/admin/events/event/{hosts.event.pk}/poll/")
    for field, value in {
        "closes_date": (timezone.localdate() + timedelta(days=7)).isoformat(),
        "closes_time": "12:00",
        "start_date_1": day.isoformat(),
        "start_time_1": "10:00",
        "end_date_1": day.isoformat(),
        "end_time_1": "16:00",
    }.items():
        story.desk.locator(f"[name={field}]").fill(value)
    story.desk.locator("form", has=story.desk.locator("[name=closes_date]")).locator("button[type=submit]").click()
    story.desk.wait_for_load_state()
    page = story.open(story.mailed("Carla"))
    page.locator("[name=interest][value=yes]").check()
    page.locator("[name^=date-][value=yes]").check()
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_load_state()
    assert story.event().polls.get().responses.get().registration == carla

    # A new date, to be answered: the yes counts, silence does not.
    story.do(
        "reschedule",
        start_date=day.isoformat(),
        start_time="10:00",
        end_date=day.isoformat(),
        end_time="16:00",
        reconfirm_date=(day - timedelta(days=20)).isoformat(),
        reconfirm_time="12:00",
        reason="The hall is dry again.",
    )
    assert (story.event().status, story.event().start_date) == ("published", day)
    story.press(story.mailed("Carla"), "button[name=comes][value=yes]")
    carla.refresh_from_db()
    assert (carla.state, carla.must_reconfirm) == ("confirmed", False)

    # The day has come, and is over: time is the one thing no page can bring about.
    _move_to_yesterday(story.event())
    door = story.run("check-in-session", hosts.event.sessions.get().pk)
    door.locator("form", has=door.locator(f'input[name="registration"][value="{carla.pk}"]')).locator("button").click()
    door.wait_for_load_state()
    story.picture(door, "door")
    story.do("mark_held")
    assert (story.event().status, state_of(carla)) == ("held", "attended")

    # A certificate that anybody can check.
    desk = story.run("certificates")
    desk.locator("main form button[type=submit]").first.click()
    desk.wait_for_load_state()
    issue_certificates(story.event().pk)  # What the worker was asked for.
    certificate = Certificate.objects.get()
    check = story.open(
        f"/{language}" + reverse("events:certificate-check", args=[certificate.code]).removeprefix("/en")
    )
    assert "Carla" in check.locator("main").inner_text()
    story.picture(check, "certificate")

    # Minutes, and the practice that was shown as a draft of its city.
    desk = story.run("minutes")
    editor = desk.locator(".ProseMirror").first
    editor.click()
    desk.keyboard.type("We agreed to meet again.")
    desk.locator("main form button[type=submit]").first.click()
    desk.wait_for_load_state()
    assert "We agreed to meet again." in story.event().minutes.get().text
    desk = story.run("practices")
    desk.locator("ul.door form button").click()
    desk.wait_for_load_state()
    practice = Practice.objects.get()
    assert (practice.city, practice.status, practice.text("title", "en")) == (
        hosts.city,
        "draft",
        "Coffee with neighbours",
    )
    story.do("mark_reported")
    assert story.event().status == "reported"
    story.picture(story.desk, "overview")


def _move_to_yesterday(event):
    session = event.sessions.get()
    yesterday = timezone.localdate() - timedelta(days=1)
    event.start_date = event.end_date = session.day = yesterday
    event.derive_times()
    event.save()
    session.event = event
    session.derive_times()
    session.save()
