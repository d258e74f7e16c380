"""When registration opens and closes and kept seats are released: by the clock of the place, and with the event."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse
from django.utils import timezone

from events.models import Event, SeatReserve
from events.rules import closed_because
from events.services import life
from events.services.dates import Deadlines
from tests.events.factories import make_event, make_reserve
from tests.factories import make_term

pytestmark = pytest.mark.django_db

ROME = "Europe/Rome"
MARCH, APRIL = date(2027, 3, 20), date(2027, 4, 20)
SPRING = date(2027, 3, 28)


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to(datetime(2027, 1, 15, 12, tzinfo=UTC), tick=False)


@pytest.fixture
def event(network):
    """In Rome on 20 March: open from 1 February, closes on 10 March at noon, seats for schools kept until 25 February."""
    event = make_event(
        networks=[network],
        day=MARCH,
        time_zone=ROME,
        seats=10,
        opens_date=date(2027, 2, 1),
        opens_time=time(9),
        closes_date=date(2027, 3, 10),
        closes_time=time(12),
    )
    make_reserve(event.pools.get(), stakeholder=make_term("organisation-type", "school"), releases_at=rome(2, 25, 10))
    return event


def rome(month, day, hour, minute=0):
    return datetime(2027, month, day, hour, minute, tzinfo=ZoneInfo(ROME))


def on(day):
    return {"start_date": day, "start_time": time(10), "end_date": day, "end_time": time(16)}


def deadlines(event):
    """The instants at which it opens, closes and gives kept seats free, as the database has them."""
    row = Event.objects.get(pk=event.pk)
    return (
        row.registration_opens_at,
        row.registration_closes_at,
        SeatReserve.objects.get(pool__event=event).releases_at,
    )


def test_new_date_moves_all_by_as_many_days_at_the_same_clock(event, coordinator):
    life.reschedule(event, on(APRIL), actor=coordinator)
    # Summer time begins in between: 31 days by the clock are an hour less.
    assert deadlines(event) == (rome(3, 4, 9), rome(4, 10, 12), rome(3, 28, 10))
    assert rome(4, 10, 12) == datetime(2027, 4, 10, 10, tzinfo=UTC)
    reserve = SeatReserve.objects.get()
    assert (reserve.releases_date, reserve.releases_time) == (SPRING, time(10))


def test_new_date_after_a_postponement_counts_from_the_one_before(event, coordinator):
    event = life.postpone(event, actor=coordinator)
    assert deadlines(event) == (rome(2, 1, 9), rome(3, 10, 12), rome(2, 25, 10))
    life.reschedule(event, on(APRIL), actor=coordinator)
    assert deadlines(event) == (rome(3, 4, 9), rome(4, 10, 12), rome(3, 28, 10))


def test_registration_that_is_open_stays_open(event, coordinator, time_machine):
    time_machine.move_to(rome(2, 2, 9))
    event = life.reschedule(event, on(APRIL), actor=coordinator)
    assert (deadlines(event)[0], closed_because(event)) == (rome(2, 1, 9), "")


def test_what_the_hosts_set_stays_so(event, coordinator):
    reserve = SeatReserve.objects.get()
    own = Deadlines(
        {"closes_date": date(2027, 4, 15), "closes_time": time(8)}, {reserve.pk: (date(2027, 4, 1), time(7))}
    )
    life.reschedule(event, on(APRIL), actor=coordinator, deadlines=own)
    assert deadlines(event) == (rome(3, 4, 9), rome(4, 15, 8), rome(4, 1, 7))


def test_other_hour_of_the_same_day_moves_no_deadline(event, coordinator):
    before = deadlines(event)
    life.reschedule(event, on(MARCH) | {"start_time": time(12)}, actor=coordinator)
    assert deadlines(event) == before


@pytest.mark.parametrize(
    ("day", "name", "field"), [(SPRING, "closes", "closes_time"), (date(2027, 4, 7), "release", "release")]
)
def test_deadline_that_would_fall_where_the_clocks_skip_is_refused_at_its_field(event, coordinator, day, name, field):
    reserve = SeatReserve.objects.get()
    Event.objects.filter(pk=event.pk).update(closes_date=MARCH, closes_time=time(2, 30 if name == "closes" else 0))
    SeatReserve.objects.update(releases_date=date(2027, 3, 10), releases_time=time(2, 30))
    before = deadlines(event)
    with pytest.raises(ValidationError) as refused:
        life.reschedule(Event.objects.get(pk=event.pk), on(day), actor=coordinator)
    [(found, [error])] = refused.value.error_dict.items()
    assert (found.replace(f"_{reserve.pk}", ""), error.code) == (field, "skipped")
    assert deadlines(event) == before


def test_other_zone_moves_the_instants_and_not_the_clocks(event, coordinator):
    life.edit_event(event, {"time_zone": "Europe/Helsinki"}, actor=coordinator)
    an_hour = timedelta(hours=1)
    assert deadlines(event) == (rome(2, 1, 9) - an_hour, rome(3, 10, 12) - an_hour, rome(2, 25, 10) - an_hour)


@pytest.mark.parametrize(("day", "code"), [(SPRING, "skipped"), (date(2027, 10, 31), "twice")])
def test_kept_seats_are_not_released_at_an_impossible_time(event, day, code):
    reserve = SeatReserve.objects.get()
    reserve.releases_date, reserve.releases_time = day, time(2, 30)
    with pytest.raises(ValidationError) as refused:
        reserve.full_clean()
    assert [error.code for error in refused.value.error_dict["releases_time"]] == [code]
    reserve.releases_time = time(3, 30)
    reserve.full_clean()


# The form ----------------------------------------------------------------------------------------


@pytest.fixture
def browser(client, coordinator):
    client.force_login(coordinator)
    return client


def overview_of(event):
    return reverse("admin:events_event_overview", args=[event.pk])


def reschedule_form(answer):
    return next(form for form in answer.context["transitions"] if form.transition.name == "reschedule")


def typed(day, **values):
    return {name: str(value) for name, value in on(day).items()} | {
        "do": "reschedule",
        "reason": "The hall is taken.",
        **values,
    }


def test_form_says_what_moves_by_itself(browser, event):
    form = reschedule_form(browser.get(overview_of(event)))
    shown = {name: (field.label, str(field.help_text)) for name, field in form.fields.items()}
    tail = "Empty: as many days later or earlier as the event begins."
    zone = "Central European Standard Time"
    reserve = SeatReserve.objects.select_related("stakeholder").get()
    assert {name: shown[name] for name in ("opens_date", "closes_date", f"release_{reserve.pk}_date")} == {
        "opens_date": ("Registration opens on", f"Now: 1 February 2027, 09:00 ({zone}). {tail}"),
        "closes_date": ("Registration closes on", f"Now: 10 March 2027, 12:00 ({zone}). {tail}"),
        f"release_{reserve.pk}_date": (
            f"Kept for {reserve.stakeholder} (In person), released on",
            f"Now: 25 February 2027, 10:00 ({zone}). {tail}",
        ),
    }


def test_form_does_not_ask_when_an_open_registration_opens_nor_tells_a_closing_it_has_not(browser, event):
    past = timezone.now() - timedelta(days=1)
    Event.objects.filter(pk=event.pk).update(
        registration_opens_at=past, closes_date=None, closes_time=None, registration_closes_at=None
    )
    form = reschedule_form(browser.get(overview_of(event)))
    assert ("opens_date" in form.fields, str(form.fields["closes_date"].help_text)) == (
        False,
        "Empty: when the event begins, as now.",
    )


def test_form_left_empty_moves_and_filled_in_sets(browser, event):
    name = f"release_{SeatReserve.objects.get().pk}"
    own = {f"{name}_date": "2027-04-01", f"{name}_time": "07:00"}
    assert browser.post(overview_of(event), typed(APRIL, **own)).status_code == 302
    assert deadlines(event) == (rome(3, 4, 9), rome(4, 10, 12), rome(4, 1, 7))


@pytest.mark.parametrize("name", ["closes", "release"])
@pytest.mark.parametrize(
    ("day", "clock", "error", "part"),
    [
        ("2027-03-28", "02:30", "The clocks skip this time on that day: summer time begins.", "time"),
        ("2027-03-28", "", "A day and a time are both needed.", "time"),
        ("", "10:00", "A day and a time are both needed.", "date"),
    ],
)
def test_form_refuses_next_to_the_field_and_keeps_what_was_typed(browser, event, name, day, clock, error, part):
    before = deadlines(event)
    name = name if name == "closes" else f"release_{SeatReserve.objects.get().pk}"
    answer = browser.post(overview_of(event), typed(APRIL, **{f"{name}_date": day, f"{name}_time": clock}))
    form = reschedule_form(answer)
    assert (answer.status_code, form.errors) == (422, {f"{name}_{part}": [error]})
    assert [form[f"{name}_{one}"].value() for one in ("date", "time")] == [day, clock]
    assert deadlines(event) == before


def test_form_tells_at_the_field_when_kept_seats_would_move_to_a_skipped_hour(browser, event):
    reserve = SeatReserve.objects.select_related("stakeholder").get()
    SeatReserve.objects.update(releases_date=date(2027, 2, 25), releases_time=time(2, 30))
    answer = browser.post(overview_of(event), typed(APRIL))
    said = f"{reserve.stakeholder}: 1: The clocks skip this time on that day: summer time begins."
    assert reschedule_form(answer).errors == {f"release_{reserve.pk}_date": [said]}


# What was stored before --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_migration_reads_the_clock_of_the_place_from_the_instants(event):
    other = make_event(time_zone="Asia/Kathmandu")
    before = deadlines(event)
    executor = MigrationExecutor(connection)
    # All apps: what builds on events goes back with them.
    latest = executor.loader.graph.leaf_nodes()
    try:
        executor.migrate([("events", "0002_keep_marks_and_notes")])
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(latest)
    event, other, reserve = Event.objects.get(pk=event.pk), Event.objects.get(pk=other.pk), SeatReserve.objects.get()
    assert (event.opens_date, event.opens_time, other.opens_date) == (date(2027, 2, 1), time(9), None)
    assert (reserve.releases_date, reserve.releases_time) == (date(2027, 2, 25), time(10))
    assert deadlines(event) == before
