"""The public pages of events: who sees what, what is said of each state, and that list, facets and rule agree."""

import json
import random
import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from events.listing import LISTED, EventRequest, counted, event_page, matching
from events.models import Event, EventDateChange, Recording, SeatPool, Speaker
from events.month import month_of
from events.services.seats import standing
from events.standings import availability_of, seats_of
from networks.services import grant_role
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version
from tests.events.factories import (
    make_event,
    make_group,
    make_registration,
    make_reserve,
    make_room,
    make_series,
    make_session,
)
from tests.factories import make_city, make_network, make_person, make_practice, make_term
from tests.hub.test_permissions import ROLES, expected, people, signed_in  # noqa: F401
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db
LIST = "/en/events/"


def page(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status, address
    return response.content.decode()


def listed(client, query=""):
    return [card.event.pk for card in client.get(LIST + query).context["cards"]]


def marks(client, query=""):
    return {card.event.pk: [mark.code for mark in card.marks] for card in client.get(LIST + query).context["cards"]}


def ago(days):
    return timezone.localdate() - timedelta(days=days)


def postpone(event):
    EventDateChange.objects.create(event=event, old_starts_at=event.starts_at, old_ends_at=event.ends_at)
    Event.objects.filter(pk=event.pk).update(
        status="postponed", start_date=None, end_date=None, starts_at=None, ends_at=None
    )


# The list ----------------------------------------------------------------------------------------


def test_list_shows_the_next_first_and_those_without_a_date_last(client):
    late, soon = make_event(day=ago(-40)), make_event(day=ago(-5))
    waiting = make_event()
    postpone(waiting)
    make_event(day=ago(3))
    assert listed(client) == [soon.pk, late.pk, waiting.pk]


def test_past_list_shows_the_latest_first(client):
    old, recent = make_event(day=ago(50)), make_event(day=ago(2))
    make_event(day=ago(-5))
    assert listed(client, "?when=past") == [recent.pk, old.pk]


def test_list_hides_drafts_and_events_of_networks_from_visitors(client):
    shown = make_event()
    make_event(published=False)
    make_event(visibility="network")
    assert listed(client) == [shown.pk]


def test_list_shows_members_the_events_of_their_network_and_no_draft(client, people):  # noqa: F811
    ours = make_event(networks=[people["network"]], visibility="network")
    make_event(networks=[people["network"]], published=False)
    make_event(visibility="network")
    client.force_login(people["officer"])
    assert listed(client) == [ours.pk]
    client.force_login(people["coordinator"])
    assert listed(client) == [ours.pk]
    client.force_login(people["foreign"])
    assert listed(client) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("network=one", ["a", "b"]),
        ("network=one&network=two", ["a", "b", "c"]),
        ("theme=youth", ["a"]),
        ("country=JO", ["b"]),
        ("city=amman", ["b"]),
        ("language=fr", ["a", "c"]),
        ("mode=online", ["c"]),
        ("mode=online&network=one", []),
        ("country=XX&mode=nowhere&language=zz&network=none", ["a", "b", "c"]),
    ],
)
def test_list_is_narrowed_by_parameters(client, query, found):
    one, two = make_network("one"), make_network("two")
    events = {
        "a": make_event(networks=[one], languages=["en", "fr"], city=make_city("Malmö", "SE")),
        "b": make_event(networks=[one, two], city=make_city("Amman", "JO", slug="amman")),
        "c": make_event(networks=[two], mode="online", languages=["en"], interpretation=["fr"]),
    }
    events["a"].themes.add(make_term(Scheme.THEME, "youth"))
    assert listed(client, f"?{query}") == [events[name].pk for name in found]


def test_list_says_which_part_of_the_address_it_does_not_know(client):
    make_event()
    assert client.get(LIST + "?mode=nowhere&page=x&when=later").context["request_"].unknown == (
        ("mode", "nowhere"),
        ("when", "later"),
        ("page", "x"),
    )


def test_list_pages_hold_twenty(client):
    network = make_network()
    events = [make_event(networks=[network], day=ago(-number - 1)) for number in range(21)]
    assert listed(client, "?page=2") == [events[-1].pk]
    assert "There is nothing on this page" in page(client, LIST + "?page=3")


def test_empty_list_says_what_to_do(client):
    assert "No event is announced at present" in page(client, LIST)
    assert "No event has taken place yet" in page(client, LIST + "?when=past")
    make_event(networks=[make_network("one")])
    narrowed = client.get(LIST + "?network=one&mode=online")
    assert narrowed.context["drops"] == [
        {"label": "Online", "url": "/en/events/?network=one", "count": 1},
    ]


def test_list_sends_htmx_the_results_alone(client):
    make_event()
    fragment = client.get(LIST, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith("<section")
    assert "<html" not in fragment


def test_list_labels_a_title_in_another_language(client):
    make_event(source_language="ar", title_ar="لقاء المدن")
    shown = page(client, LIST)
    assert re.search(r'<h3 lang="ar" dir="rtl"><a [^>]*>لقاء المدن</a>', shown)
    assert "Told in Arabic" in shown


def statements(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


def full_event(network):
    """An event with something in every list of its page."""
    event = make_event(networks=[network], mode="hybrid", seats=3, online_seats=3, city=make_city())
    event.themes.add(make_term(Scheme.THEME, "youth"))
    speaker = Speaker.objects.create(event=event, name="Åsa", city=event.city)
    room = make_room(event)
    session = make_session(event, room=room, moderator=speaker)
    session.speakers.add(speaker)
    make_group(make_session(event, "Groups", kind="breakout", start=time(11), end=time(12)), moderator=speaker)
    make_registration(event)
    make_reserve(
        event.pools.first(),
        stakeholder=make_term(Scheme.ORGANISATION_TYPE, "school"),
        seats=1,
        releases_at=event.starts_at,
    )
    EventDateChange.objects.create(event=event, old_starts_at=event.starts_at - timedelta(days=9))
    return event


@pytest.mark.parametrize("address", [LIST, "/api/v1/events/"])
def test_list_takes_as_many_statements_for_three_events_as_for_one(client, address):
    network = make_network()
    full_event(network)
    one = statements(client, address)
    for _number in range(2):
        full_event(network)
    assert (one, statements(client, address)) == (6, 6)


def test_list_takes_at_most_ten_statements_for_a_member(client, people):  # noqa: F811
    full_event(people["network"])
    client.force_login(people["officer"])
    assert statements(client, LIST) == 10


def test_event_page_takes_as_many_statements_for_three_sessions_as_for_one(client):
    event = full_event(make_network())
    before = statements(client, event.get_absolute_url())
    for hour in (13, 14):
        session = make_session(event, f"At {hour}", start=time(hour), end=time(hour, 30), room=make_room(event))
        session.speakers.add(Speaker.objects.create(event=event, name=f"Speaker {hour}"))
    assert statements(client, event.get_absolute_url()) == before


# What is said of each state ----------------------------------------------------------------------


def test_marks_tell_how_an_event_stands(client):
    network = make_network()
    cases = {
        "plain": make_event(networks=[network]),
        "few": make_event(networks=[network], seats=9),
        "queue": make_event(networks=[network], seats=0),
        "full": make_event(networks=[network], seats=0),
        "cancelled": make_event(networks=[network], status="cancelled"),
        "online": make_event(networks=[network], mode="online", moved_online_at=timezone.now()),
        "moved": make_event(networks=[network]),
        "postponed": make_event(networks=[network]),
        "not here": make_event(networks=[network], entry="none"),
        "hybrid": make_event(networks=[network], mode="hybrid", seats=0),
    }
    for _number in range(6):
        make_registration(cases["few"])
    SeatPool.objects.filter(event=cases["full"]).update(has_waiting_list=False)
    EventDateChange.objects.create(event=cases["moved"], old_starts_at=datetime(2026, 1, 9, 9, tzinfo=UTC))
    postpone(cases["postponed"])
    found = marks(client)
    assert {name: found[event.pk] for name, event in cases.items()} == {
        "plain": ["open"],
        "few": ["few"],
        "queue": ["waiting-list"],
        "full": ["full"],
        "cancelled": ["cancelled"],
        "online": ["moved-online", "open"],
        "moved": ["moved", "open"],
        "postponed": ["postponed"],
        "not here": [],
        "hybrid": ["open", "full-in-person"],
    }
    shown = page(client, LIST)
    assert "3 places left" in shown
    assert "Moved from 9 January 2026" in shown


def test_seats_in_lists_are_those_that_the_lock_would_find():
    dice = random.Random(7)
    network, kinds = make_network(), [make_term(Scheme.ORGANISATION_TYPE, code) for code in ("school", "police")]
    events = [
        make_event(networks=[network], mode="hybrid", seats=dice.choice([None, 0, 3, 8]), online_seats=4)
        for _number in range(6)
    ]
    for event in events:
        for _number in range(dice.randrange(4)):
            make_registration(
                event, mode=dice.choice(["in-person", "online"]), stakeholder=dice.choice([*kinds, None])
            )
        for position in range(dice.randrange(3)):
            waits = make_registration(event, state="waitlisted")
            pool = event.pools.get(kind="in-person")
            waits.allocations.create(pool=pool, state="waiting", position=position + 1)
        for kind in kinds:
            make_reserve(
                event.pools.get(kind="in-person"),
                stakeholder=kind,
                seats=dice.randint(1, 3),
                releases_at=timezone.now() + timedelta(days=dice.choice([-1, 1])),
            )
        make_registration(event).allocations.create(pool=make_session(event, kind="breakout").pool, state="held")
    found = seats_of(events)
    for event in events:
        plain = [counts(standing(pool)) for pool in event.pools.order_by("pk")]
        assert [counts(pool) for pool in found[event.pk]] == plain[:2]
        assert [counts(pool) for pool in availability_of(event)] == plain


def counts(pool):
    return pool.held, pool.offered, pool.waiting, pool.reserved


def test_seats_nobody_gets_while_somebody_waits_are_not_shown_as_free():
    event = make_event(seats=5)
    waits = make_registration(event, state="waitlisted")
    waits.allocations.create(pool=event.pools.get(), state="waiting", position=1)
    assert [(pool.free, pool.state) for pool in seats_of([event])[event.pk]] == [(0, "waiting-list")]


# List, facets and rule agree ---------------------------------------------------------------------

COUNTRIES = {"SE": "Malmö", "IT": "Torino", "JO": "Amman"}


@pytest.fixture
def calendar():
    dice = random.Random(3)
    networks = [make_network(f"network-of-{number}") for number in range(4)]
    themes = [make_term(Scheme.THEME, f"theme-{number}") for number in range(4)]
    cities = [make_city(name, code, slug=name.lower()) for code, name in COUNTRIES.items()]
    for number in range(40):
        event = make_event(
            networks=dice.sample(networks, dice.randint(1, 3)),
            day=ago(dice.randint(-30, 30)),
            city=dice.choice([*cities, None]),
            mode=dice.choice(Event.Mode.values),
            languages=dice.sample(["en", "fr", "ar"], 2),
            interpretation=dice.sample(["en", "sv", "it"], dice.randint(0, 2)),
            status=dice.choice(["published", "published", "cancelled", "held", "draft"]),
            visibility="network" if number % 9 == 0 else "public",
        )
        event.themes.set(dice.sample(themes, dice.randint(0, 2)))
        if number % 11 == 0:
            postpone(event)


def random_query(dice):
    pairs = []
    for facet, keys in {
        "network": [f"network-of-{number}" for number in range(4)],
        "theme": [f"theme-{number}" for number in range(4)],
        "country": list(COUNTRIES),
        "city": ["amman", "torino"],
        "language": ["en", "fr", "ar", "sv", "it"],
        "mode": Event.Mode.values,
    }.items():
        if dice.random() < 0.35:
            pairs += [f"{facet}={key}" for key in dice.sample(keys, dice.randint(1, 2))]
    if dice.random() < 0.6:
        pairs.append(f"when={dice.choice(['past', 'all', 'upcoming'])}")
    return "&".join(pairs)


def asked(query):
    return EventRequest.parse(QueryDict(query), catalogue("en", library_version()[1]))


def plainly(request, event):
    """Whether an event fits, asked of the record itself."""
    chosen = {}
    for value in request.chosen:
        chosen.setdefault(value.facet, set()).add(value.key)
    own = {
        "network": {network.slug for network in event.networks.all()},
        "theme": {theme.code for theme in event.themes.all()},
        "country": {event.city.country.code} if event.city else set(),
        "city": {event.city.slug} if event.city else set(),
        "language": {*event.languages, *event.interpretation},
        "mode": {event.mode},
    }
    is_over = event.status != "postponed" and (event.ends_at < timezone.now() or event.status == "held")
    return {"past": is_over, "upcoming": not is_over, "all": True}[request.when] and all(
        own[facet] & keys for facet, keys in chosen.items()
    )


def test_list_equals_plain_question_on_random_filters(calendar):
    dice = random.Random(5)
    records = list(Event.objects.public().select_related("city").prefetch_related("networks", "themes"))
    for _round in range(60):
        request = asked(random_query(dice))
        found = list(matching(request, Event.objects.public()))
        fitting = {event.pk for event in records if plainly(request, event)}
        assert {event.pk for event in found} == fitting, request.query_string()
        answer = event_page(request, Event.objects.public())
        assert answer.total == len(fitting)
        assert list(answer.ids) == [event.pk for event in found[:20]]


def test_facet_counts_are_what_choosing_the_value_gives(calendar):
    dice = random.Random(6)
    for _round in range(12):
        request = asked(random_query(dice))
        _total, counts = counted(request, Event.objects.public())
        for facet in LISTED:
            others = "&".join(f"{name}={key}" for name, key in request.pairs() if name != facet)
            for key, count in counts[facet].items():
                alone = asked(f"{others}&{facet}={key}&when={request.when}")
                assert matching(alone, Event.objects.public()).count() == count, (facet, key, others)


# The month ---------------------------------------------------------------------------------------


def days_of(client, address, event):
    return [
        day.date
        for week in client.get(address).context["month"].weeks
        for day in week
        if any(entry.event.pk == event.pk for entry in day.entries)
    ]


def test_month_shows_an_event_on_each_of_its_days(client):
    event = make_event(day=date(2027, 6, 29), end_date=date(2027, 7, 1))
    assert days_of(client, "/en/events/month/2027-06/", event) == [
        date(2027, 6, 29),
        date(2027, 6, 30),
        date(2027, 7, 1),
    ]
    assert days_of(client, "/en/events/month/2027-07/", event) == [
        date(2027, 6, 29),
        date(2027, 6, 30),
        date(2027, 7, 1),
    ]
    assert days_of(client, "/en/events/month/2027-08/", event) == []


def test_month_counts_days_by_the_clock_of_the_place(client):
    event = make_event(day=date(2027, 6, 2), start_time=time(0, 30), end_time=time(2), time_zone="Asia/Amman")
    assert event.starts_at.date() == date(2027, 6, 1)
    assert days_of(client, "/en/events/month/2027-06/", event) == [date(2027, 6, 2)]


def test_month_begins_its_weeks_as_the_reader_does():
    first = {}
    for language in ("en", "fr", "ar", "it", "sv", "ro"):
        with translation.override(language):
            first[language] = month_of(2027, 6, []).weekdays[0].name
    assert first == {
        "en": "Monday",
        "fr": "lundi",
        "ar": "الاثنين",
        "it": "lunedì",
        "sv": "måndag",
        "ro": "luni",
    }


def test_month_links_end_where_events_end(client):
    today = timezone.localdate()
    make_event(day=today)
    shown = client.get(f"/en/events/month/{today:%Y-%m}/").context
    assert (shown["previous"], shown["next"]) == (None, None)
    make_event(day=(today.replace(day=1) + timedelta(days=40)).replace(day=3))
    shown = client.get(f"/en/events/month/{today:%Y-%m}/").context
    assert shown["previous"] is None
    assert shown["next"]["url"] == f"/en/events/month/{today.replace(day=1) + timedelta(days=31):%Y-%m}/"


@pytest.mark.parametrize("month", ["2027-00", "2027-13", "1999-12", "2100-01", "0001-01"])
def test_month_that_is_none_answers_404(client, month):
    page(client, f"/en/events/month/{month}/", 404)


def test_month_is_narrowed_and_hides_what_is_hidden(client):
    one = make_event(networks=[make_network("one")], day=date(2027, 6, 3))
    two = make_event(day=date(2027, 6, 3))
    hidden = make_event(day=date(2027, 6, 3), published=False)
    address = "/en/events/month/2027-06/"
    assert [days_of(client, address, event) != [] for event in (one, two, hidden)] == [True, True, False]
    assert [days_of(client, f"{address}?network=one", event) != [] for event in (one, two)] == [True, False]


# The page of an event ----------------------------------------------------------------------------

STATES = {
    "draft": "404 404 404 404 404 404 404 200 404 200",
    "published": "200 200 200 200 200 200 200 200 200 200",
    "postponed": "200 200 200 200 200 200 200 200 200 200",
    "cancelled": "200 200 200 200 200 200 200 200 200 200",
    "reported": "200 200 200 200 200 200 200 200 200 200",
    "for the network": "404 404 404 200 200 404 404 200 404 200",
}
"""By role, as in tests/hub/test_permissions.py."""


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", ROLES)
def test_event_page_answers_each_role_in_each_state(client, people, state, role):  # noqa: F811
    event = make_event(networks=[people["network"]], published=state != "draft")
    if state == "for the network":
        Event.objects.filter(pk=event.pk).update(visibility="network")
    elif state == "postponed":
        postpone(event)
    else:
        Event.objects.filter(pk=event.pk).update(status=state)
    event.refresh_from_db()
    assert signed_in(client, people, role).get(event.get_absolute_url()).status_code == expected(STATES[state])[role]


def test_event_page_tells_what_there_is_and_nothing_secret(client):
    event = make_event(
        mode="hybrid",
        city=make_city("Malmö"),
        venue="Stadshuset",
        address="Plats 1",
        online_link="https://meet.example.org/secret",
        interpretation=["fr"],
        practical_en="There is a lift.",
        description_en="<p>Two <strong>days</strong>.</p>",
        status_note_en="The room is larger now.",
    )
    room = make_room(event, "Great hall", join_link="https://meet.example.org/hidden-room")
    make_session(event, "First words", room=room)
    event.documents.create(file="events/documents/a.pdf", language="en", title_en="Programme")
    event.documents.create(file="events/documents/b.pdf", language="en", title_en="Inside", is_for_participants=True)
    Recording.objects.create(event=event, url="https://video.example.org/1", language="sv", title_en="Watch it")
    make_registration(event, "somebody@example.org", name="Somebody Secret")
    shown = page(client, event.get_absolute_url())
    told = ["Stadshuset", "Plats 1", "Malmö", "French", "There is a lift.", "<strong>days</strong>", "First words"]
    told += ["The room is larger now.", "Great hall", "Programme", "https://video.example.org/1", "Swedish"]
    assert [text for text in told if text not in shown] == []
    secrets = ["secret", "hidden-room", "Inside", "b.pdf", "somebody", "Somebody", "events@example.org"]
    assert [text for text in secrets if text in shown] == []


@pytest.mark.parametrize(("state", "is_told"), [("published", False), ("held", False), ("reported", True)])
def test_event_page_tells_decisions_once_they_are_reported(client, state, is_told):
    event = make_event(day=ago(9), status=state)
    event.decisions.create(text="We meet each spring.")
    event.outcomes.create(title_en="A charter", url="https://example.org/charter")
    shown = page(client, event.get_absolute_url())
    assert ("We meet each spring." in shown, "A charter" in shown) == (is_told, is_told)


def test_event_page_links_public_practices_and_names_others_only_by_their_given_title(client):
    event, city = make_event(), make_city("Torino", "IT")
    public, draft = make_practice(), make_practice(published=False, texts={"title_en": "Hidden draft"})
    event.event_practices.create(practice=public)
    event.event_practices.create(practice=draft)
    event.event_practices.create(title="Night walks", city=city)
    shown = page(client, event.get_absolute_url())
    assert public.get_absolute_url() in shown
    assert "Night walks" in shown
    assert "Hidden draft" not in shown
    assert draft.get_absolute_url() not in shown


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"entry": "none"}, "There is no registration here for this event."),
        ({"status": "cancelled"}, "The event is cancelled."),
        ({"day": ago(5)}, "The event is over."),
        ({"registration_opens_at": datetime(2040, 3, 1, 9, tzinfo=UTC), "day": date(2040, 4, 1)}, "not open yet"),
        (
            {"registration_opens_at": datetime(2040, 3, 1, 9, tzinfo=UTC), "day": date(2040, 4, 1)},
            "Registration opens on",
        ),
        ({"closes_date": ago(1), "closes_time": time(12)}, "Registration is closed."),
        ({"seats": 4}, "4 of 4 places are free."),
        ({"seats": 0}, "There is a waiting list."),
        ({"entry": "nominated"}, "for people who were nominated"),
    ],
)
def test_event_page_says_how_registration_stands(client, values, text):
    assert text in page(client, make_event(**values).get_absolute_url())


def test_event_page_names_the_zone_of_the_place(client):
    event = make_event(day=date(2027, 6, 15), time_zone="Asia/Beirut")
    assert "(Eastern European Summer Time)" in page(client, event.get_absolute_url())


def test_event_page_of_an_old_title_leads_to_the_new_one(client):
    event = make_event(title_en="Old name")
    old = event.get_absolute_url()
    Event.objects.filter(pk=event.pk).update(title_en="New name")
    assert client.get(old)["Location"] == f"/en/events/{event.pk}-new-name/"
    assert client.get(f"/en/events/{event.pk}/").status_code == 301


def test_event_page_has_addresses_for_other_languages_where_it_is_told_in_them(client):
    event = make_event(title_en="Open city", title_sv="Öppen stad")
    shown = page(client, event.get_absolute_url())
    links = re.findall(r'<link rel="alternate" hreflang="([\w-]+)" href="[^"]*?(/\w\w/[^"]*)"', shown)
    assert links == [
        ("en", f"/en/events/{event.pk}-open-city/"),
        ("sv", f"/sv/events/{event.pk}-öppen-stad/".replace("ö", "%C3%B6")),
        ("x-default", f"/en/events/{event.pk}-open-city/"),
    ]


def test_event_page_structured_data_cannot_end_its_element(client):
    event = make_event(title_en="Talk </script><script>alert(1)</script>", day=date(2027, 6, 15))
    shown = page(client, event.get_absolute_url())
    scripts = re.findall(r'<script type="application/ld\+json">(.*?)</script>', shown, re.DOTALL)
    assert len(scripts) == 1
    data = json.loads(scripts[0])
    assert (data["name"], data["startDate"]) == (str(event), "2027-06-15T10:00+02:00")
    assert "alert(1)</script>" not in shown


def test_event_page_is_sent_again_only_where_it_differs(client):
    event = make_event(seats=4)
    address = event.get_absolute_url()
    tag = client.get(address)["ETag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    make_registration(event)
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_event_page_of_a_person_signed_in_is_kept_by_nobody(client):
    event = make_event()
    client.force_login(make_person())
    response = client.get(event.get_absolute_url())
    assert ("no-store" in response["Cache-Control"], "ETag" in response) == (True, False)


def test_event_page_that_is_not_public_tells_search_engines_nothing(client, people):  # noqa: F811
    event = make_event(networks=[people["network"]], published=False)
    client.force_login(people["coordinator"])
    shown = page(client, event.get_absolute_url())
    assert '<meta name="robots" content="noindex">' in shown
    assert "application/ld+json" not in shown
    assert "Draft: not announced yet" in shown


# Series ------------------------------------------------------------------------------------------


def test_series_page_shows_its_events_in_order_and_those_of_others_not(client):
    series = make_series()
    second, first = make_event(series=series, day=ago(-20)), make_event(series=series, day=ago(20))
    waiting = make_event(series=series)
    postpone(waiting)
    make_event(series=series, published=False)
    make_event(series=series, visibility="network")
    make_event()
    cards = client.get(series.get_absolute_url()).context["cards"]
    assert [card.event.pk for card in cards] == [first.pk, second.pk, waiting.pk]


def test_series_without_a_public_event_is_found_by_who_runs_it_alone(client, people):  # noqa: F811
    series = make_series(networks=[people["network"]])
    make_event(series=series, published=False, networks=[people["network"]])
    page(client, series.get_absolute_url(), 404)
    client.force_login(people["foreign"])
    page(client, series.get_absolute_url(), 404)
    client.force_login(people["coordinator"])
    page(client, series.get_absolute_url(), 200)


def test_event_page_shows_the_others_of_its_series(client):
    series = make_series()
    one, other = make_event(series=series), make_event(series=series)
    cards = client.get(one.get_absolute_url()).context["siblings"]
    assert [card.event.pk for card in cards] == [other.pk]


# Documents ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "for_participants", "answers"),
    [
        ({}, False, {"anon": 200, "officer": 200, "coordinator": 200}),
        ({}, True, {"anon": 404, "officer": 404, "coordinator": 200}),
        ({"visibility": "network"}, False, {"anon": 404, "officer": 200, "coordinator": 200}),
        ({"published": False}, False, {"anon": 404, "officer": 404, "coordinator": 200}),
    ],
)
def test_document_is_for_those_who_may_open_its_event(
    client,
    people,  # noqa: F811
    settings,
    tmp_path,
    values,
    for_participants,
    answers,
):
    settings.MEDIA_ROOT = tmp_path
    event = make_event(networks=[people["network"]], **values)
    paper = event.documents.create(
        file=ContentFile(b"text", "a.txt"), language="en", title_en="A", is_for_participants=for_participants
    )
    found = {}
    for role in answers:
        client.logout()
        found[role] = signed_in(client, people, role).get(f"/media/{paper.file.name}").status_code
    assert found == answers


# Elsewhere ---------------------------------------------------------------------------------------


def test_next_events_stand_on_home_and_on_pages_of_their_network_and_city(client):
    city, network = make_city(slug="malmo"), make_network("nordic")
    ours = make_event(networks=[network], city=city, title_en="Ours")
    make_event(title_en="Theirs")
    make_event(networks=[network], title_en="Called off", status="cancelled")
    make_event(networks=[network], title_en="Unannounced", published=False)
    make_event(networks=[network], title_en="Long gone", day=ago(9))
    shown = {name: page(client, address) for name, address in (
        ("home", "/en/"), ("network", "/en/networks/nordic/"), ("city", "/en/cities/malmo/")
    )}  # fmt: skip
    titles = ("Ours", "Theirs", "Called off", "Unannounced", "Long gone")
    assert {name: [title for title in titles if f">{title}<" in text] for name, text in shown.items()} == {
        "home": ["Ours", "Theirs"],
        "network": ["Ours"],
        "city": ["Ours"],
    }
    assert ours.get_absolute_url() in shown["city"]


def test_home_page_says_nothing_of_events_where_there_are_none(client):
    assert "Upcoming events" not in page(client, "/en/")


def test_home_page_is_sent_again_when_an_event_is_announced(client):
    tag = client.get("/en/")["ETag"]
    assert client.get("/en/", headers={"If-None-Match": tag}).status_code == 304
    make_event()
    assert client.get("/en/", headers={"If-None-Match": tag}).status_code == 200


def test_sitemap_names_public_events_and_their_series(client):
    series = make_series(title_en="Talks")
    event = make_event(series=series, title_en="First talk")
    make_event(series=make_series(), published=False)
    assert re.findall(r"<loc>[^<]*?(/en/[^<]*)</loc>", page(client, "/sitemap-events.xml")) == [
        event.get_absolute_url()
    ]
    assert re.findall(r"<loc>[^<]*?(/en/[^<]*)</loc>", page(client, "/sitemap-event-series.xml")) == [
        series.get_absolute_url()
    ]


def test_masthead_leads_to_events(client):
    assert f'<a href="{reverse("events:list")}"' in page(client, "/en/")


def test_grant_is_what_lets_a_member_see(client, admin_user):
    """Control of the tests above: the same person sees the event only after the role was given."""
    city = make_city()
    event = make_event(networks=[make_network(cities=[city])], visibility="network")
    person = make_person()
    client.force_login(person)
    assert listed(client) == []
    grant_role(person, "contributor", actor=admin_user, city=city)
    assert listed(client) == [event.pk]
