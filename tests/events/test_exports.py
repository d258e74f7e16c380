"""What leaves as a file: registrations without needs, needs without names."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from common.spreadsheets import csv_chunks, json_chunks, xlsx_file
from events.exports import COLUMNS, needs_of, needs_table, registration_table
from events.models import Event, Registration
from tests.events.factories import make_event, make_registration, make_session
from tests.factories import make_city, make_term

pytestmark = pytest.mark.django_db


def table_of(*registrations):
    return registration_table([registration.pk for registration in registrations])


def rows_of(table):
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_row_holds_the_registration_by_the_clock_of_the_place():
    event = make_event(title_en="Forum")
    workshop = make_session(event, "Schools", kind="breakout", seats=5)
    registration = make_registration(
        event,
        "ada@example.org",
        name="Ada",
        city=make_city("Malmö"),
        organisation="Malmö stad",
        stakeholder=make_term("organisation-type", "school"),
        spoken=["sv", "ar"],
        is_listed=True,
    )
    Registration.objects.filter(pk=registration.pk).update(created_at=datetime(2027, 6, 1, 22, 30, tzinfo=UTC))
    registration.allocations.create(pool=workshop.pool, state="held")
    registration.consents.create(kind="photos", version="1", language="en", text="x")

    assert rows_of(table_of(registration)) == [
        {
            "event": event.pk,
            "event_title": "Forum",
            "uid": str(registration.uid),
            "name": "Ada",
            "email": "ada@example.org",
            "city": "Malmö",
            "country": "SE",
            "organisation": "Malmö stad",
            "organisation_type": "school",
            "mode": "in-person",
            "state": "confirmed",
            "language": "en",
            "spoken": ["sv", "ar"],
            "break_out_sessions": ["Schools"],
            "listed": "yes",
            "photos": "yes",
            "registered": "2027-06-02 00:30",
            "time_zone": "Europe/Stockholm",
        }
    ]


def test_row_has_nothing_of_what_people_need():
    registration = make_registration(
        make_event(), needs_access="Ramp", needs_diet="Vegan", needs_interpretation="ar", message="My number is 112"
    )
    text = "".join(json_chunks(table_of(registration)))

    assert [word for word in ("Ramp", "Vegan", "112") if word in text] == []
    assert registration.email in text


def test_formula_in_a_name_is_text_in_spreadsheets():
    registration = make_registration(make_event(), name="=HYPERLINK(1)", organisation="+49 30")
    [line] = list(csv.DictReader(io.StringIO("".join(csv_chunks(table_of(registration))).removeprefix("\ufeff"))))
    sheet = load_workbook(xlsx_file(table_of(registration))).active
    [entry] = json.loads("".join(json_chunks(table_of(registration))))

    cells = dict(zip(COLUMNS, (cell for cell in sheet[2]), strict=True))
    assert (line["name"], line["organisation"]) == ("'=HYPERLINK(1)", "'+49 30")
    assert (cells["name"].value, cells["name"].data_type) == ("'=HYPERLINK(1)", "s")
    assert entry["name"] == "=HYPERLINK(1)"


def test_export_asks_as_often_for_one_row_as_for_three():
    event = make_event()
    people = [make_registration(event, city=make_city()) for _ in range(3)]

    def queries(registrations):
        with CaptureQueriesContext(connection) as asked:
            list(table_of(*registrations).rows)
        return len(asked)

    assert queries(people[:1]) == queries(people)


def test_needs_are_totalled_without_names_for_those_with_a_place():
    event = make_event()
    for name, diet, state in [
        ("Ada", "Vegan", "confirmed"),
        ("Bo", " vegan ", "confirmed"),
        ("Cy", "Halal", "offered"),
        ("Di", "Fish", "waitlisted"),
    ]:
        make_registration(event, name=name, needs_diet=diet, needs_interpretation="ar", state=state, seat=False)
    make_registration(event, needs_access="Ramp")

    assert needs_of(event) == {
        "access": [("Ramp", 1)],
        "food": [("Vegan", 2), ("Halal", 1)],
        "interpretation": [("Arabic", 3)],
    }
    assert needs_table(event).rows == [
        ["access needs", "Ramp", 1],
        ["food", "Vegan", 2],
        ["food", "Halal", 1],
        ["interpretation into", "Arabic", 3],
    ]


def test_needs_are_empty_once_they_were_deleted():
    event = make_event()
    make_registration(event, needs_diet="Vegan")
    Event.objects.filter(pk=event.pk).update(needs_purged_at=timezone.now())
    event.refresh_from_db()

    assert needs_table(event).rows == []
