"""The pages on which an event is run, in Chromium: readable, reachable, narrow, right-to-left, without JavaScript."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import translation

from events.models import ActionItem, GroupPlace
from events.services.minutes import save_minutes
from events.services.planning import fill_groups, place
from networks.services import grant_role
from tests.browser.test_pages import LEVELS
from tests.events.factories import make_event, make_group, make_registration, make_room, make_session
from tests.factories import make_city, make_network, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Nachbarschaftsgesprächsvorbereitungsgruppe"


@pytest.fixture
def desk(transactional_db, admin_user):
    """A workshop with three groups, ten people of whom nine fit, minutes in two revisions, and a follow-up."""
    cities = [make_city("Malmö", name_ar="مالمو"), make_city("Torino", "IT"), make_city("Amman", "JO", name_ar="عمّان")]
    network = make_network("hosting", cities=cities, name_en="Cities in dialogue")
    host = make_person("host@example.org", name="Hanna Host")
    grant_role(host, "coordinator", actor=admin_user, network=network)
    officer = make_person("officer@example.org", name="Omar Officer")
    grant_role(officer, "focal-point", actor=admin_user, city=cities[0])
    event = make_event(networks=[network], title_en="Trust in schools", title_ar="الثقة في المدارس", city=cities[1])
    session = make_session(event, "Rooms in the morning", kind="breakout", title_ar="مجموعات الصباح")
    make_session(event, "Rooms in the afternoon", kind="breakout")
    blue = make_room(event, "Blue room", capacity=3)
    groups = [
        make_group(session, "Working with parents", room=blue, language="en", title_ar="العمل مع الأهل"),
        make_group(session, f"Schools and {LONG}", capacity=3, language="ar", order=1),
        make_group(session, "Evaluation", capacity=3, order=2),
    ]
    for number in range(10):
        registration = make_registration(
            event,
            name=("Amina Al-Masri", "عمر الخطيب", "Giulia Rossi", LONG)[number % 4],
            city=cities[number % 3],
            spoken=[["en"], ["ar", "en"], ["it", "en"], ["fr"]][number % 4],
        )
        registration.allocations.create(pool=session.pool, state="held")
        for rank in range(number % 3):
            registration.wishes.create(group=groups[(number + rank) % 3], rank=rank + 1)
    fill_groups(session, actor=host)
    first = GroupPlace.objects.order_by("pk").first()
    place(first.registration, session, first.group, actor=host)
    write = lambda text, base, group=None: save_minutes(  # noqa: E731
        event, text, base=base, language="en", actor=host, group=group
    )
    write("<h3>Opening</h3><p>The mayor welcomed all.</p>", 0)
    write("<h3>Opening</h3><p>The mayor of Turin welcomed all who came.</p>", 1)
    write("<p>Parents come when they are asked by name.</p>", 0, groups[0])
    decision = event.decisions.create(text="Meet again in spring.")
    event.action_items.create(
        city=cities[0],
        text="Write up the walk through the quarter.",
        due_on="2027-03-01",
        decision=decision,
        note=LONG,
    )
    event.outcomes.create(title_en="Charter of Turin", url="https://example.org/" + LONG * 2)
    return {"event": event, "session": session, "groups": groups, "host": host, "officer": officer}


def paths(desk):
    event, session, group = desk["event"].pk, desk["session"].pk, desk["groups"][0].pk
    with translation.override("en"):
        address = lambda name, *args: reverse(f"event_desk:{name}", args=args).removeprefix("/en")  # noqa: E731
        return [
            (desk["host"], "planner", address("planner-session", event, session)),
            (desk["host"], "minutes", address("minutes", event)),
            (desk["host"], "compare", address("minutes-compare", event)),
            (desk["host"], "notes", address("notes", event, group)),
            (desk["host"], "follow-up", address("follow-up", event)),
            (
                desk["host"],
                "follow-up-edit",
                address("follow-up", event) + f"?edit=action-{desk['event'].action_items.get().pk}",
            ),
            (desk["officer"], "actions", address("actions")),
        ]


@pytest.mark.parametrize(
    ("language", "width", "scheme"),
    [("en", 1280, "light"), ("ar", 390, "light"), ("en", 390, "dark"), ("ar", 1280, "light")],
)
def test_desk_pages_are_accessible_and_fit(open_as, desk, language, width, scheme):
    faults = []
    for person, name, path in paths(desk):
        page = open_as(person, f"/{language}{path}", width=width, color_scheme=scheme)
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true })")
        if name in ("minutes", "notes"):
            page.locator(".ProseMirror").wait_for()
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=Path(folder) / f"event-{name}-{language}-{width}.png", full_page=True)
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}}).response["violations"]
        faults += [(name, one["id"], one["nodes"][0]["html"][:160]) for one in found]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append((name, "too wide"))
        page.context.close()
    assert "\n".join(map(str, faults)) == ""


def planner(desk, open_as, **options):
    return open_as(desk["host"], "/en" + paths(desk)[0][2], **options)


def group_of(person):
    return GroupPlace.objects.get(registration=person).group_id


@pytest.mark.parametrize("javascript", [True, False])
def test_person_is_moved_by_keyboard_with_and_without_javascript(desk, open_as, javascript):
    page = planner(desk, open_as, javascript=javascript)
    unplaced = page.locator(".unplaced [data-person]")
    person = int(unplaced.get_attribute("id").removeprefix("person-"))
    desk["groups"][2].capacity = 9
    desk["groups"][2].save()
    unplaced.locator("select").select_option(str(desk["groups"][2].pk))
    unplaced.get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    assert group_of(person) == desk["groups"][2].pk
    assert page.locator(".unplaced").count() == 0


def test_moving_into_a_full_group_is_refused_and_said(desk, open_as):
    page = planner(desk, open_as)
    unplaced = page.locator(".unplaced [data-person]")
    unplaced.locator("select").select_option(str(desk["groups"][0].pk))
    unplaced.get_by_role("button").first.click()
    assert page.get_by_role("alert").inner_text() == "“Working with parents” is full: all 3 places are taken."
    assert page.locator(".unplaced [data-person]").count() == 1


def test_person_is_dragged_to_another_group(desk, open_as):
    desk["groups"][2].capacity = 9
    desk["groups"][2].save()
    page = planner(desk, open_as)
    dragged = page.locator(f'[data-group="{desk["groups"][0].pk}"] [data-person]').first
    person = int(dragged.get_attribute("id").removeprefix("person-"))
    goal = page.locator(f'[data-group="{desk["groups"][2].pk}"]')
    dragged.drag_to(goal, source_position={"x": 10, "y": 10})
    page.get_by_role("status").wait_for()
    assert group_of(person) == desk["groups"][2].pk


def test_two_who_write_at_once_lose_nothing(desk, open_as):
    path = "/en" + paths(desk)[1][2]
    mine, theirs = open_as(desk["host"], path), open_as(desk["host"], path)
    for page, text in ((theirs, "Theirs. "), (mine, "Mine. ")):
        page.locator(".ProseMirror").click()
        page.keyboard.press("Control+Home")
        page.keyboard.type(text)
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_load_state()
    conflict = mine.get_by_role("alert")
    assert "Somebody else saved meanwhile" in conflict.inner_text()
    assert "Theirs. Opening" in conflict.locator(".theirs").inner_text()
    assert "Mine. Opening" in mine.locator(".ProseMirror").inner_text()
    if folder := os.environ.get("PICTURES"):
        mine.screenshot(path=Path(folder) / "event-conflict-en-1280.png", full_page=True)
    mine.get_by_role("button", name="Save mine on top").click()
    mine.get_by_role("status").wait_for()
    assert [one.number for one in desk["event"].minutes.filter(group=None)] == [4, 3, 2, 1]


def test_focal_point_says_that_it_is_done_without_javascript(desk, open_as):
    page = open_as(desk["officer"], "/en/workspace/", javascript=False)
    page.get_by_role("link", name="Write up the walk").click()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("status").wait_for()
    assert ActionItem.objects.get().state == "done"
