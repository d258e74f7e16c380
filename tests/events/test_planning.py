"""Filling break-out groups: the planner by itself, then with people, their seats, their wishes and the page."""

import csv
import io
import random
import threading
import time
from itertools import product

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from common.models import OutboxMail
from events import notices
from events.calendars import Invitations
from events.models import GroupPlace, Registration, Session
from events.participation import Participation
from events.planning import EVEN, Group, Person, cost, follows, plan
from events.rooms import board, own_rooms, participants
from events.services.agenda import save_session
from events.services.planning import clear_groups, fill_groups, place, unfix
from networks.services import grant_role
from tests.events.factories import make_event, make_group, make_registration, make_room, make_session
from tests.factories import make_city, make_network, make_person

LANGUAGES = ("en", "fr", "ar")
BLUE = "https://video.example/blue"

groups_strategy = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 5)), st.sampled_from(("", *LANGUAGES))), min_size=1, max_size=5
).map(lambda rows: [Group(key, places, language) for key, (places, language) in enumerate(rows, start=1)])

people_strategy = st.lists(
    st.tuples(
        st.frozensets(st.sampled_from(LANGUAGES), max_size=2),
        st.sampled_from(("", "SE", "IT", "MA")),
        st.sampled_from(("", "city", "ngo")),
        st.lists(st.integers(1, 5), max_size=3, unique=True),
    ),
    max_size=12,
).map(lambda rows: [Person(key, *row[:3], tuple(row[3])) for key, row in enumerate(rows, start=1)])


def sizes(found):
    return {key: list(found.values()).count(key) for key in set(found.values())}


def room(groups, people):
    return sum(len(people) if group.places is None else group.places for group in groups)


# The planner alone -------------------------------------------------------------------------------


@settings(deadline=None)
@given(people_strategy, groups_strategy)
def test_plan_never_exceeds_places_and_places_everybody_while_there_is_room(people, groups):
    found = plan(people, groups)
    limits = {group.key: group.places for group in groups}
    assert [key for key, size in sizes(found).items() if limits[key] is not None and size > limits[key]] == []
    assert len(found) == min(len(people), room(groups, people))


@settings(deadline=None)
@given(people_strategy, groups_strategy)
def test_plan_without_room_for_all_places_those_with_the_lowest_keys(people, groups):
    found = plan(people, groups)
    assert set(found) == {person.key for person in people[: len(found)]}


@settings(deadline=None)
@given(people_strategy, groups_strategy, st.data())
def test_plan_keeps_who_is_fixed_even_beyond_the_places(people, groups, data):
    fixed = {person.key: data.draw(st.sampled_from(groups)).key for person in people if data.draw(st.booleans())}
    found = plan(people, groups, fixed)
    assert {key: found[key] for key in fixed} == fixed
    moved = sizes({key: group for key, group in found.items() if key not in fixed})
    kept = sizes(fixed)
    for group in groups:
        if group.places is not None and moved.get(group.key):
            assert moved[group.key] + kept.get(group.key, 0) <= group.places


@settings(deadline=None)
@given(people_strategy, groups_strategy, st.randoms())
def test_plan_does_not_depend_on_the_order_of_its_input(people, groups, shuffler):
    expected = plan(people, groups)
    shuffler.shuffle(people)
    shuffler.shuffle(groups)
    assert plan(people, groups) == expected


def total(people, groups, found):
    """The objective but for the mix."""
    by_key = {group.key: group for group in groups}
    return sum(cost(person, by_key[found[person.key]]) for person in people if person.key in found) + EVEN * sum(
        size * size for size in sizes(found).values()
    )


@settings(deadline=None, max_examples=60)
@given(people_strategy.map(lambda people: people[:5]), groups_strategy.map(lambda groups: groups[:3]))
def test_plan_costs_as_little_as_the_best_of_all_possible_ones(people, groups):
    placed = people[: min(len(people), room(groups, people))]
    best = None
    for chosen in product([group.key for group in groups], repeat=len(placed)):
        found = dict(zip([person.key for person in placed], chosen, strict=True))
        if any(group.places is not None and list(found.values()).count(group.key) > group.places for group in groups):
            continue
        value = total(placed, groups, found)
        best = value if best is None else min(best, value)
    assert total(placed, groups, plan(people, groups)) == (best or 0)


def test_plan_respects_language_where_that_takes_moving_somebody_else():
    """Only Amina follows Arabic alone; who follows both must make room, wherever the wishes point."""
    both = Person(1, frozenset({"en", "ar"}), wishes=(1,))
    amina = Person(2, frozenset({"ar"}))
    groups = [Group(1, 1, "ar"), Group(2, 1, "en")]
    assert plan([both, amina], groups) == {1: 2, 2: 1}


def test_plan_counts_unknown_languages_as_following():
    assert follows(Person(1), Group(1, language="fr"))
    assert not follows(Person(1, frozenset({"en"})), Group(1, language="fr"))


def test_plan_mixes_countries_and_roles_where_nothing_else_differs():
    people = [Person(number, country="SE" if number <= 4 else "IT") for number in range(1, 9)]
    found = plan(people, [Group(1, 4), Group(2, 4)])
    swedes = [found[person.key] for person in people if person.country == "SE"]
    assert sorted(swedes) == [1, 1, 2, 2]
    roles = [Person(number, role="city" if number <= 2 else "ngo") for number in range(1, 5)]
    found = plan(roles, [Group(1, 2), Group(2, 2)])
    assert {found[1], found[2]} == {1, 2}


def test_plan_makes_groups_of_even_size_where_there_is_no_limit():
    found = plan([Person(number) for number in range(1, 10)], [Group(1), Group(2), Group(3)])
    assert sizes(found) == {1: 3, 2: 3, 3: 3}


def a_large_meeting(seed=7):
    chance = random.Random(seed)
    groups = [Group(key, 27, chance.choice(("", "en", "fr", "ar", "it"))) for key in range(1, 13)]
    people = [
        Person(
            key,
            frozenset(chance.sample(("en", "fr", "ar", "it"), chance.randint(1, 3))),
            chance.choice(("SE", "IT", "FR", "MA", "TN", "JO", "RO", "DE")),
            chance.choice(("city", "ngo", "university", "police")),
            tuple(chance.sample(range(1, 13), 3)) if chance.random() < 0.7 else (),
        )
        for key in range(1, 301)
    ]
    return people, groups


def at_random(people, groups, seed):
    """A control: everybody anywhere there is room."""
    chance = random.Random(seed)
    seats = [group.key for group in groups for _place in range(group.places)]
    return dict(zip([person.key for person in people], chance.sample(seats, len(people)), strict=True))


def test_plan_of_three_hundred_people_in_twelve_groups_takes_less_than_two_seconds():
    people, groups = a_large_meeting()
    began = time.perf_counter()
    found = plan(people, groups)
    assert time.perf_counter() - began < 2
    assert len(found) == 300


def quality(people, groups, found):
    """(people whose language is not spoken, first wishes met, pairs of one country in one group)."""
    by_key = {group.key: group for group in groups}
    foreign = sum(not follows(person, by_key[found[person.key]]) for person in people)
    wishes = sum(person.wishes[:1] == (found[person.key],) for person in people)
    countries = [(found[person.key], person.country) for person in people]
    return foreign, wishes, sum(countries.count(entry) - 1 for entry in countries)


@pytest.mark.parametrize("seed", range(5))
def test_plan_is_better_than_chance_in_language_wishes_and_mix(seed):
    people, groups = a_large_meeting(seed)
    foreign, wishes, _pairs = quality(people, groups, plan(people, groups))
    foreign_by_chance, wishes_by_chance, _pairs = quality(people, groups, at_random(people, groups, seed))
    assert foreign == 0 < foreign_by_chance
    assert wishes > 3 * wishes_by_chance
    free = [Person(person.key, country=person.country) for person in people]
    assert quality(free, groups, plan(free, groups))[2] < quality(free, groups, at_random(free, groups, seed))[2]


# With people -------------------------------------------------------------------------------------


@pytest.fixture
def host(db, admin_user):
    network = make_network("hosting", cities=[make_city("Malmö")])
    person = make_person("host@example.org")
    grant_role(person, "coordinator", actor=admin_user, network=network)
    person.network = network
    return person


@pytest.fixture
def session(host):
    event = make_event(networks=[host.network])
    return make_session(event, "Rooms", kind="breakout")


def join(session, count=1, **values):
    """Participants with a seat in the session."""
    found = [make_registration(session.event, **values) for _number in range(count)]
    for registration in found:
        registration.allocations.create(pool=session.pool, state="held")
    return found


def rooms_of(registration):
    return [(str(one.room), one.link) for one in own_rooms([registration]).get(registration.pk, ())]


def seats(session):
    return dict(GroupPlace.objects.filter(session=session).values_list("registration", "group"))


def test_participants_are_those_with_a_place_and_a_seat_of_the_session(session):
    (seated,) = join(session)
    (withdrawn,) = join(session)
    Registration.objects.filter(pk=withdrawn.pk).update(state="withdrawn")
    waiting = make_registration(session.event)
    waiting.allocations.create(pool=session.pool, state="waiting", position=1)
    make_registration(session.event)
    assert list(participants(session)) == [seated]


def test_participants_without_seats_of_the_session_are_all_with_a_place(session):
    session.pool.delete()
    registration = make_registration(session.event)
    make_registration(session.event, state="waitlisted")
    assert list(participants(session)) == [registration]


def test_filling_uses_places_of_the_room_languages_and_wishes(session, host):
    arabic = make_group(session, "Arabic", language="ar", room=make_room(session.event, capacity=2))
    english = make_group(session, "English", language="en", capacity=2)
    (amina, omar) = join(session, 2, spoken=["ar"])
    (both,) = join(session, spoken=["ar", "en"])
    both.wishes.create(group=arabic, rank=1)
    filled = fill_groups(session, actor=host)
    assert (filled.placed, filled.unplaced) == (3, 0)
    assert seats(session) == {amina.pk: arabic.pk, omar.pk: arabic.pk, both.pk: english.pk}


def test_filling_without_room_leaves_who_came_last(session, host):
    make_group(session, capacity=2)
    people = join(session, 3)
    filled = fill_groups(session, actor=host)
    assert (filled.placed, filled.unplaced) == (2, 1)
    assert [row.registration for row in board(session).unplaced] == [people[2]]


def test_filling_keeps_who_was_moved_by_hand_and_forgets_who_left(session, host):
    first, second = make_group(session, "One", capacity=3), make_group(session, "Two", capacity=3)
    moved, other, left = join(session, 3)
    place(moved, session, second, actor=host)
    place(left, session, first, actor=host)
    Registration.objects.filter(pk=left.pk).update(state="withdrawn")
    fill_groups(session, actor=host)
    assert seats(session) == {moved.pk: second.pk, other.pk: first.pk}


def test_clearing_takes_out_only_who_is_not_fixed(session, host):
    group = make_group(session)
    fixed, free, freed = join(session, 3)
    place(fixed, session, group, actor=host)
    place(freed, session, group, actor=host)
    unfix(freed, session, actor=host)
    fill_groups(session, actor=host)
    assert clear_groups(session, actor=host) == 2
    assert seats(session) == {fixed.pk: group.pk}
    assert free.pk not in seats(session)


def test_own_room_is_told_to_its_participant_alone_and_only_with_a_place(session, host):
    virtual = make_room(session.event, "Blue", kind="virtual", join_link="https://video.example/blue")
    other = make_room(session.event, "Red", kind="virtual", join_link="https://video.example/red")
    blue, red = make_group(session, "One", room=virtual), make_group(session, "Two", room=other)
    mine, theirs = join(session, 2)
    place(mine, session, blue, actor=host)
    place(theirs, session, red, actor=host)
    assert rooms_of(mine) == [("Blue", "https://video.example/blue")]
    mine.state = "withdrawn"
    mine.save()
    assert rooms_of(mine) == []


def test_own_room_is_not_told_while_the_new_date_is_not_answered(session, host):
    (mine,) = join(session)
    place(mine, session, make_group(session), actor=host)
    assert len(rooms_of(mine)) == 1
    mine.reconfirm_until = mine.created_at
    mine.save()
    assert rooms_of(mine) == []


def test_own_room_is_not_told_without_a_seat_of_a_session_that_got_its_seats_later(session, host):
    session.pool.delete()
    seatless, seated = (make_registration(session.event) for _number in range(2))
    make_group(session, "One", room=make_room(session.event, "Blue", kind="virtual", join_link=BLUE))
    fill_groups(session, actor=host)
    assert [rooms_of(seatless), rooms_of(seated)] == [[("Blue", BLUE)]] * 2
    save_session(session, actor=host, seats=5, sets_seats=True)
    session = Session.objects.get(pk=session.pk)
    seated.allocations.create(pool=session.pool, state="held")
    seatless.allocations.create(pool=session.pool, state="waiting", position=1)
    assert [rooms_of(seatless), rooms_of(seated)] == [[], [("Blue", BLUE)]]
    assert [[one.link for one in Participation(row).programme()] for row in (seatless, seated)] == [[], [BLUE]]
    assert [BLUE in Invitations(row.event_id).to(row, "REQUEST") for row in (seatless, seated)] == [False, True]
    for row in (seatless, seated):
        notices.remind(row, 1)
    assert [BLUE in mail.text for mail in OutboxMail.objects.order_by("pk")] == [False, True]
    fill_groups(session, actor=host)
    assert set(seats(session)) == {seated.pk}


def test_planner_puts_nobody_without_a_seat_into_a_group(session, host):
    make_group(session)
    (seated,) = join(session)
    for values in (
        {"state": "waiting", "position": 1},
        {"state": "offered", "position": 2, "offered_until": session.starts_at},
        {"state": "expired"},
        {"state": "released"},
    ):
        make_registration(session.event).allocations.create(pool=session.pool, **values)
    assert (fill_groups(session, actor=host).placed, set(seats(session))) == (1, {seated.pk})
    with pytest.raises(ValidationError, match="does not take part any more"):
        place(make_registration(session.event), session, session.groups.get(), actor=host)


def test_own_rooms_of_many_take_one_question(session, host, django_assert_num_queries):
    make_group(session)
    people = join(session, 3)
    fill_groups(session, actor=host)
    with django_assert_num_queries(1):
        found = own_rooms(people)
        names = [str(one.group) for rooms in found.values() for one in rooms]
    assert names == ["Group"] * 3


# The page ----------------------------------------------------------------------------------------


def address(name, session, *more):
    return reverse(f"event_desk:{name}", args=[session.event_id, session.pk, *more])


def test_page_moves_a_person_and_tells_of_it(client, session, host):
    group = make_group(session, "Trust")
    (person,) = join(session, name="Amina Ali")
    client.force_login(host)
    response = client.post(address("planner-move", session), {"person": person.pk, "group": group.pk}, follow=True)
    assert "Amina Ali is in “Trust” now." in response.content.decode()
    assert list(GroupPlace.objects.values_list("registration", "group", "is_fixed")) == [(person.pk, group.pk, True)]
    client.post(address("planner-move", session), {"person": person.pk, "group": ""})
    assert seats(session) == {}


def test_page_refuses_a_full_group_with_a_message(client, session, host):
    group = make_group(session, "Trust", capacity=1)
    first, second = join(session, 2)
    place(first, session, group, actor=host)
    client.force_login(host)
    response = client.post(address("planner-move", session), {"person": second.pk, "group": group.pk})
    assert response.status_code == 422
    assert "“Trust” is full: all 1 places are taken." in response.content.decode()
    assert seats(session) == {first.pk: group.pk}


def test_page_of_another_events_group_or_person_is_not_found(client, session, host):
    elsewhere = make_session(make_event(networks=[host.network]), kind="breakout")
    stranger = make_group(elsewhere)
    (person,) = join(session)
    (outsider,) = join(elsewhere)
    group = make_group(session)
    client.force_login(host)
    for values in ({"person": person.pk, "group": stranger.pk}, {"person": outsider.pk, "group": group.pk}):
        assert client.post(address("planner-move", session), values).status_code == 404
    crossed = reverse("event_desk:planner-session", args=[session.event_id, elsewhere.pk])
    assert client.get(crossed).status_code == 404
    assert client.get(address("planner-session", session)).status_code == 200


def test_page_fills_and_clears(client, session, host):
    make_group(session, capacity=1)
    join(session, 2)
    client.force_login(host)
    response = client.post(address("planner-fill", session), follow=True)
    assert "1 person is in a group now." in response.content.decode()
    assert "There is no room for 1." in response.content.decode()
    client.post(address("planner-clear", session))
    assert seats(session) == {}


def test_page_holds_one_query_count(client, session, host):
    group = make_group(session)
    client.force_login(host)

    def count():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address("planner-session", session)).status_code == 200
        return len(queries)

    for registration in join(session, 1, city=make_city()):
        registration.wishes.create(group=group)
    fill_groups(session, actor=host)
    client.get(address("planner-session", session))
    first = count()
    for registration in join(session, 2, city=make_city("Lund")):
        registration.wishes.create(group=group)
    make_group(session, "Two", room=make_room(session.event))
    make_group(session, "Three", room=make_room(session.event))
    fill_groups(session, actor=host)
    assert count() == first


def test_tables_for_programs_hold_no_formula(client, session, host):
    group = make_group(session, "=SUM(A1) and a very long title of a group", order=1)
    (person,) = join(session, name="=cmd|' /C calc'!A0", email="amina@example.org")
    place(person, session, group, actor=host)
    client.force_login(host)
    zoom = client.get(address("planner-csv", session, "zoom")).content.decode()
    assert list(csv.reader(io.StringIO(zoom))) == [
        ["Pre-assign Room Name", "Email Address"],
        ["1. =SUM(A1) and a very long titl", "amina@example.org"],
    ]
    people = client.get(address("planner-csv", session, "people")).content.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(people)))[1][1:] == ["'=cmd|' /C calc'!A0", "amina@example.org"]
    assert client.get(address("planner-csv", session, "word")).status_code == 404


@pytest.mark.parametrize(
    ("role", "code"),
    [("anon", 302), ("plain", 404), ("officer", 404), ("foreign", 404), ("host", 200), ("admin", 200)],
)
def test_desk_is_for_who_runs_the_event(client, session, host, admin_user, role, code):
    group = make_group(session)
    officer, foreign = make_person("officer@example.org"), make_person("foreign@example.org")
    grant_role(officer, "focal-point", actor=admin_user, city=host.network.cities.get())
    grant_role(foreign, "coordinator", actor=admin_user, network=make_network("other"))
    people = {
        "plain": make_person("plain@example.org"),
        "officer": officer,
        "foreign": foreign,
        "host": host,
        "admin": admin_user,
    }
    if role != "anon":
        client.force_login(people[role])
    event = session.event_id
    pages = {
        "planner": [event],
        "planner-session": [event, session.pk],
        "planner-csv": [event, session.pk, "zoom"],
        "minutes": [event],
        "minutes-compare": [event],
        "notes": [event, group.pk],
        "notes-compare": [event, group.pk],
        "follow-up": [event],
        "report": [event],
    }
    answers = {name: client.get(reverse(f"event_desk:{name}", args=args)).status_code for name, args in pages.items()}
    assert answers == dict.fromkeys(pages, code)
    acts = {
        "planner-fill": [event, session.pk],
        "planner-clear": [event, session.pk],
        "planner-move": [event, session.pk],
        "minutes-insert": [event],
        "follow-up-add": [event, "decision"],
        "follow-up-change": [event, "decision", 10**6],
        "follow-up-delete": [event, "decision", 10**6],
    }
    for name, args in acts.items():
        found = reverse(f"event_desk:{name}", args=args)
        assert client.get(found).status_code == 405, name
        allowed = {"planner-move": 404, "follow-up-add": 422, "follow-up-change": 404, "follow-up-delete": 404}
        assert client.post(found).status_code == (allowed.get(name, 302) if code == 200 else code), name


@pytest.mark.django_db(transaction=True)
def test_moves_at_the_same_time_never_exceed_the_places(session, host):
    group = make_group(session, capacity=3)
    people = join(session, 12)
    refused = []

    def move(person):
        try:
            place(person, session, group, actor=host)
        except Exception as error:
            refused.append(getattr(error, "code", repr(error)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=move, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seats(session)) == 3
    assert refused == ["full"] * 9
