"""Events as data: exactly what is public, the same answers as the page, nothing that leads into a meeting."""

import random
from datetime import UTC, date, datetime, time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.api import EventDetailSerializer, EventSerializer
from events.models import Event, EventDateChange, Speaker
from tests.events.factories import make_event, make_group, make_registration, make_room, make_series, make_session
from tests.events.test_pages import calendar, full_event, listed, postpone, random_query  # noqa: F401
from tests.factories import make_city, make_network, make_practice, make_term
from tests.practices.test_api import get, ids, refusals, site
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db

LIST = "/api/v1/events/"
LIST_FIELDS = [
    "id",
    "uid",
    "source_language",
    "languages",
    "url",
    "api_url",
    "title",
    "summary",
    "state",
    "starts_at",
    "ends_at",
    "time_zone",
    "previous_starts_at",
    "is_moved_online",
    "mode",
    "venue",
    "city",
    "country",
    "series",
    "working_languages",
    "interpretation",
    "registration",
    "updated_at",
    "networks",
    "themes",
]
DETAIL_FIELDS = [
    *LIST_FIELDS,
    "format",
    "address",
    "texts",
    "agenda",
    "documents",
    "recordings",
    "practices",
    "decisions",
    "outcomes",
]
SESSION_FIELDS = [
    "kind",
    "starts_at",
    "ends_at",
    "title",
    "description",
    "room",
    "language",
    "moderator",
    "rapporteur",
    "speakers",
    "groups",
]


@pytest.fixture
def workshop():
    """An event of which everything is told, with secrets beside it."""
    event = make_event(
        source_language="it",
        title_it="Laboratorio",
        summary_it="Due giorni.",
        title_en="Workshop",
        summary_en="Two days.",
        description_en="<p>Two days.</p>",
        practical_en="There is a lift.",
        status_note_it="La sala è cambiata.",
        day=date(2040, 6, 15),
        time_zone="Europe/Rome",
        mode="hybrid",
        city=make_city("Turin", "IT", slug="torino", name_it="Torino"),
        venue="Cascina",
        address="Via Roma 1",
        online_link="https://meet.example.org/secret",
        networks=[make_network("cities-of-dialogue", name_en="Cities of Dialogue")],
        series=make_series(title_en="Talks"),
        format=make_term(Scheme.EVENT_FORMAT, "workshop", label_en="Workshop"),
        languages=["it", "en"],
        interpretation=["fr"],
        status="reported",
    )
    event.themes.add(make_term(Scheme.THEME, "youth", label_en="Youth"))
    EventDateChange.objects.create(event=event, old_starts_at=datetime(2040, 5, 1, 8, tzinfo=UTC))
    room = make_room(event, "Sala", join_link="https://meet.example.org/secret-room")
    speaker = Speaker.objects.create(event=event, name="Åsa Öberg", role_en="Moderator")
    session = make_session(event, "Saluti", room=room, moderator=speaker, language="it")
    session.speakers.add(speaker)
    make_group(make_session(event, "Gruppi", kind="breakout", start=time(11), end=time(12)), "Scuola")
    event.documents.create(file="events/documents/a.pdf", language="it", title_it="Programma")
    event.documents.create(file="events/documents/secret.pdf", language="it", is_for_participants=True)
    event.recordings.create(url="https://video.example.org/1", language="it")
    event.event_practices.create(practice=make_practice(texts={"title_en": "Open school"}), role="shown")
    event.decisions.create(text="We meet each spring.")
    event.outcomes.create(title_it="Una carta", url="https://example.org/charter")
    make_registration(event, "secret@example.org", name="Secret person", needs_diet="secret diet", mode="online")
    return event


def test_list_record_is_exactly_what_is_public(client, workshop):
    record = get(client, f"{LIST}?language=en&when=all")["results"][0]
    assert record == {
        "id": workshop.pk,
        "uid": str(workshop.uid),
        "source_language": "it",
        "languages": ["it", "en"],
        "url": site(f"/en/events/{workshop.pk}-workshop/"),
        "api_url": site(f"/api/v1/events/{workshop.pk}/"),
        "title": {"text": "Workshop", "language": "en"},
        "summary": {"text": "Two days.", "language": "en"},
        "state": "reported",
        "starts_at": "2040-06-15T10:00:00+02:00",
        "ends_at": "2040-06-15T16:00:00+02:00",
        "time_zone": "Europe/Rome",
        "previous_starts_at": "2040-05-01T10:00:00+02:00",
        "is_moved_online": False,
        "mode": "hybrid",
        "venue": "Cascina",
        "city": {"slug": "torino", "name": "Turin", "country": "IT"},
        "country": {"code": "IT", "label": "Italy"},
        "series": {
            "id": workshop.series_id,
            "url": site(f"/en/events/series/{workshop.series_id}-talks/"),
            "title": {"text": "Talks", "language": "en"},
        },
        "working_languages": ["it", "en"],
        "interpretation": ["fr"],
        "registration": "over",
        "updated_at": workshop.updated_at.isoformat().replace("+00:00", "Z"),
        "networks": [{"slug": "cities-of-dialogue", "name": "Cities of Dialogue"}],
        "themes": [{"code": "youth", "label": "Youth"}],
    }


def test_fields_are_those_and_described(client, workshop):
    record = get(client, f"{LIST}{workshop.pk}/")
    assert list(get(client, f"{LIST}?when=all")["results"][0]) == LIST_FIELDS
    assert sorted(record) == sorted(DETAIL_FIELDS)
    assert list(record["agenda"][0]) == SESSION_FIELDS
    assert sorted(EventSerializer().fields) == sorted(LIST_FIELDS)
    assert sorted(EventDetailSerializer().fields) == sorted(DETAIL_FIELDS)


def test_detail_tells_the_programme_and_what_remains(client, workshop):
    record = get(client, f"{LIST}{workshop.pk}/?language=en")
    public = workshop.event_practices.get().practice
    assert record["texts"] == {
        "title": {"en": "Workshop", "it": "Laboratorio"},
        "summary": {"en": "Two days.", "it": "Due giorni."},
        "description": {"en": "<p>Two days.</p>"},
        "practical": {"en": "There is a lift."},
        "notice": {"it": "La sala è cambiata."},
    }
    assert record["agenda"][0]["room"] == {"text": "Sala", "language": "it"}
    assert record["agenda"][0]["moderator"] == {
        "name": "Åsa Öberg",
        "role": {"text": "Moderator", "language": "en"},
    }
    assert record["agenda"][1]["groups"] == [{"title": {"text": "Scuola", "language": "it"}, "language": None}]
    assert record["documents"] == [
        {
            "url": site("/media/events/documents/a.pdf"),
            "language": "it",
            "title": {"text": "Programma", "language": "it"},
        }
    ]
    assert record["recordings"] == [{"url": "https://video.example.org/1", "language": "it", "title": None}]
    assert record["practices"] == [
        {
            "title": "Open school",
            "api_url": site(f"/api/v1/practices/{public.pk}/"),
            "city": public.city.name_en,
            "role": "shown",
        }
    ]
    assert record["decisions"] == ["We meet each spring."]
    assert record["outcomes"] == [
        {"title": {"it": "Una carta"}, "description": {}, "url": "https://example.org/charter"}
    ]


def test_nothing_leads_into_the_meeting_or_names_who_takes_part(client, workshop):
    for address in (f"{LIST}?when=all", f"{LIST}{workshop.pk}/"):
        answer = client.get(address).content.decode()
        found = [word for word in ("secret", "Secret", "events@example.org", "meet.example") if word in answer]
        assert found == [], address


@pytest.mark.parametrize("values", [{"published": False}, {"visibility": "network"}])
def test_event_that_is_not_public_is_not_there(client, admin_user, values):
    event = make_event(**values)
    client.force_login(admin_user)
    get(client, f"{LIST}{event.pk}/", 404)
    assert ids(get(client, f"{LIST}?when=all")) == []
    Event.objects.filter(pk=event.pk).update(status="published", visibility="public")
    assert ids(get(client, f"{LIST}?when=all")) == [event.pk]


def test_postponed_event_has_no_date_and_the_one_it_had(client):
    event = make_event(day=date(2040, 6, 15))
    postpone(event)
    record = get(client, f"{LIST}{event.pk}/")
    assert (record["starts_at"], record["previous_starts_at"], record["state"], record["registration"]) == (
        None,
        "2040-06-15T10:00:00+02:00",
        "postponed",
        "postponed",
    )


def test_page_and_api_show_the_same_events_for_the_same_filters(client, calendar):  # noqa: F811
    dice = random.Random(9)
    for _round in range(25):
        query = random_query(dice)
        answer = get(client, f"{LIST}?{query.replace('language=', 'working_language=')}")
        shown = client.get(f"/en/events/?{query}")
        assert ids(answer) == [card.event.pk for card in shown.context["cards"]], query
        assert answer["count"] == shown.context["page"].total, query


def test_unknown_filters_are_refused_by_name(client):
    make_event()
    query = "mode=nowhere&country=SE&network=none&working_language=zz&when=later&online_link=x"
    errors = get(client, f"{LIST}?{query}", 400)
    assert sorted(refusals(errors)) == [
        ("mode", "nowhere"),
        ("network", "none"),
        ("online_link", "x"),
        ("when", "later"),
        ("working_language", "zz"),
    ]


def test_answer_is_sent_again_only_where_it_differs(client):
    event = make_event(seats=1)
    address = f"{LIST}{event.pk}/"
    tag = client.get(address)["ETag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    make_registration(event)
    assert get(client, address, **{"If-None-Match": tag})["registration"] == "waiting-list"


def test_detail_takes_as_many_statements_for_a_long_programme(client):
    event = full_event(make_network())

    def statements():
        client.get(f"{LIST}{event.pk}/")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"{LIST}{event.pk}/")
        return len(queries)

    before = statements()
    for hour in (13, 14):
        session = make_session(event, f"At {hour}", start=time(hour), end=time(hour, 30), room=make_room(event))
        session.speakers.add(Speaker.objects.create(event=event, name=f"Speaker {hour}"))
    assert statements() == before
