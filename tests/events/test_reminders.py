"""What is due by the clock, early, late and twice; and what must always be true of seats."""

import logging
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from common.models import OutboxMail
from events import tasks
from events.models import Event, GroupPlace, Registration, SeatAllocation
from events.services import admitting, entering, invariants, life, registering, reminding
from tests.events.factories import make_event, make_group, make_registration, make_reserve, make_room, make_session
from tests.factories import make_person, make_term

pytestmark = pytest.mark.django_db
State = Registration.State


@pytest.fixture
def event(network):
    return make_event(networks=[network], reminder_hours=[168, 24])


def before(event, hours):
    return event.starts_at - timedelta(hours=hours)


def long_ago(registration):
    Registration.objects.filter(pk=registration.pk).update(state_at=timezone.now() - timedelta(days=60))
    return registration


def mails(kind):
    return OutboxMail.objects.filter(kind=f"events/{kind}").order_by("pk")


# Reminders ---------------------------------------------------------------------------------------


def test_each_reminder_goes_out_once_however_often_it_is_asked_for(event):
    long_ago(make_registration(event))
    counts = [reminding.queue_reminders(before(event, hours)) for hours in (169, 168, 167, 25, 24, 23, 1)]
    assert (counts, mails("reminder").count()) == ([0, 1, 0, 0, 1, 0, 0], 2)


def test_late_run_sends_the_nearest_only_and_none_after_the_beginning(event):
    long_ago(make_registration(event))
    assert (reminding.queue_reminders(before(event, 3)), reminding.queue_reminders(before(event, 2))) == (1, 0)
    other = make_event(reminder_hours=[24])
    make_registration(other)
    assert reminding.queue_reminders(before(other, -1)) == 0


def test_only_people_with_a_place_are_reminded(event):
    for state in State.values:
        make_registration(event, state=state, seat=False)
    reminding.queue_reminders(before(event, 1))
    assert [mail.recipient for mail in mails("reminder")] == [event.registrations.get(state="confirmed").email]


@pytest.mark.parametrize("verb", ["postpone", "cancel"])
def test_what_does_not_take_place_is_not_reminded_of(event, coordinator, verb):
    make_registration(event)
    getattr(life, verb)(event, actor=coordinator)
    assert reminding.queue_reminders(before(event, 1)) == 0


def test_who_has_not_answered_a_new_date_is_asked_instead(event, coordinator):
    silent, sure = make_registration(event, "a@example.org"), make_registration(event, "b@example.org")
    day = timezone.localdate() + timedelta(days=40)
    when = {name: getattr(event, name) for name in ("start_time", "end_time")} | {"start_date": day, "end_date": day}
    until = timezone.now() + timedelta(days=20)
    event = life.reschedule(event, when, actor=coordinator, reconfirm_until=until)
    registering.reconfirm(sure, comes=True)
    asked = [reminding.ask_silent_again(until - timedelta(days=days)) for days in (4, 3, 2, 1, -1)]
    assert (asked, [mail.recipient for mail in mails("answer-due")]) == ([0, 1, 0, 0, 0], [silent.email])
    reminding.queue_reminders(before(event, 1))
    assert [mail.recipient for mail in mails("reminder")] == [sure.email]


def test_who_was_asked_within_three_days_is_not_asked_again(event, coordinator):
    make_registration(event)
    day = timezone.localdate() + timedelta(days=40)
    when = {name: getattr(event, name) for name in ("start_time", "end_time")} | {"start_date": day, "end_date": day}
    life.reschedule(event, when, actor=coordinator, reconfirm_until=timezone.now() + timedelta(days=2))
    assert reminding.ask_silent_again() == 0


def test_new_date_reminds_anew(event, coordinator):
    long_ago(make_registration(event))
    reminding.queue_reminders(before(event, 20))
    clock = {name: getattr(event, name) for name in ("start_date", "end_date", "end_time")}
    event = life.reschedule(event, clock | {"start_time": event.start_time.replace(hour=12)}, actor=coordinator)
    assert (reminding.queue_reminders(before(event, 20)), mails("reminder").count()) == (1, 2)


def test_who_came_in_after_a_reminder_gets_the_next_one_only(event, time_machine):
    time_machine.move_to(before(event, 100))
    make_registration(event)
    assert (reminding.queue_reminders(), reminding.queue_reminders(before(event, 24))) == (0, 1)


def test_reminder_shows_link_rooms_and_own_clock_in_the_own_language():
    event = make_event(
        mode="hybrid", online_link="https://meet.example/secret", reminder_hours=[24], venue="Town hall"
    )
    session = make_session(event, "Schools", kind="breakout")
    group = make_group(
        session, "Trust", room=make_room(event, "Blue", kind="virtual", join_link="https://meet.example/b")
    )
    online = make_registration(event, mode="online", language="fr", time_zone="America/New_York")
    make_registration(event, mode="in-person")
    online.allocations.create(pool=session.pool, state="held")
    GroupPlace.objects.create(registration=online, session=session, group=group)
    reminding.queue_reminders(before(event, 1))
    first, second = (mail.text for mail in mails("reminder"))
    assert "https://meet.example/secret" in first
    assert "- Schools – Trust – Blue – https://meet.example/b" in first
    assert "Pour vous :" in first
    assert ("https://meet.example" in second, "Town hall" in second) == (False, True)


def test_reminders_of_three_take_as_many_questions_as_of_one_when_all_were_told(event, django_assert_num_queries):
    for _number in range(3):
        long_ago(make_registration(event))
    reminding.queue_reminders(before(event, 1))
    with django_assert_num_queries(5):
        reminding.queue_reminders(before(event, 1))


def test_failure_of_one_event_stops_no_other(event, monkeypatch, caplog):
    other = make_event(networks=event.networks.all(), reminder_hours=[24], day=event.start_date)
    bad, good = long_ago(make_registration(event)), long_ago(make_registration(other))
    tell = reminding.notices.remind

    def broken(registration, hours):
        if registration.pk == bad.pk:
            raise RuntimeError("broken")
        tell(registration, hours)

    monkeypatch.setattr(reminding.notices, "remind", broken)
    assert reminding.queue_reminders(before(event, 1)) == 1
    assert [mail.recipient for mail in mails("reminder")] == [good.email]
    assert "broken" in caplog.text


def test_report_is_asked_for_once_while_it_is_missing(event, coordinator, time_machine):
    time_machine.move_to(event.ends_at + timedelta(days=event.report_due_days, minutes=-5))
    assert (reminding.remind_of_reports(), mails("report-due").count()) == (0, 0)
    time_machine.move_to(event.ends_at + timedelta(days=event.report_due_days + 1))
    reminding.remind_of_reports()
    reminding.remind_of_reports()
    assert [mail.recipient for mail in mails("report-due")] == [coordinator.email]
    life.mark_reported(life.mark_held(event, actor=coordinator), actor=coordinator)
    assert reminding.remind_of_reports() == 0


def test_report_is_asked_of_the_owner_where_there_is_one(event):
    owner = make_person()
    Event.objects.filter(pk=event.pk).update(owner=owner)
    reminding.remind_of_reports(event.ends_at + timedelta(days=30))
    assert [mail.recipient for mail in mails("report-due")] == [owner.email]


# Seats -------------------------------------------------------------------------------------------


def test_offers_that_ran_out_and_released_seats_are_settled_by_the_beat(network):
    event = make_event(networks=[network], seats=1)
    event.pools.update(offer_hours=24)
    holder = make_registration(event)
    for number in range(2):
        row = make_registration(event, f"w{number}@example.org", state="unverified", seat=False)
        entering.confirm_address(row)
    registering.withdraw(holder)
    assert reminding.settle_due() == 0
    assert reminding.settle_due(timezone.now() + timedelta(hours=25)) == 1
    assert [row.state for row in event.registrations.order_by("pk")] == [State.WITHDRAWN, State.LAPSED, State.OFFERED]


def test_released_reserve_lets_in_who_waits_and_then_nothing_is_due(network, django_assert_num_queries):
    event = make_event(networks=[network], seats=1)
    soon = timezone.now() + timedelta(days=1)
    make_reserve(event.pools.get(), stakeholder=make_term("organisation-type", "school"), seats=1, releases_at=soon)
    waiting = make_registration(event, state="unverified", seat=False)
    entering.confirm_address(waiting)
    assert (reminding.settle_due(), reminding.settle_due(soon + timedelta(hours=1))) == (0, 1)
    with django_assert_num_queries(2):
        assert reminding.settle_due(soon + timedelta(hours=1)) == 0


# Forgetting --------------------------------------------------------------------------------------


def test_needs_are_deleted_after_the_days_that_were_promised(event):
    make_registration(event, needs_diet="Halal", needs_access="Ramp", message="Hello", needs_interpretation="ar")
    make_registration(make_event(), needs_diet="Vegan")
    early = event.ends_at + timedelta(days=event.purge_after_days, minutes=-1)
    assert reminding.forget_needs_after(early) == 0
    Event.objects.exclude(pk=event.pk).update(ends_at=early + timedelta(days=1))
    assert reminding.forget_needs_after(early + timedelta(minutes=2)) == 1
    kept = Registration.objects.order_by("pk").values_list("needs_diet", "needs_access", "message")
    assert list(kept) == [("", "", ""), ("Vegan", "", "")]
    event.refresh_from_db()
    assert event.needs_purged_at is not None


def test_unconfirmed_registrations_are_deleted_after_three_days(event):
    old = make_registration(event, state="unverified", seat=False)
    make_registration(event, state="unverified", seat=False)
    confirmed = make_registration(event)
    past = timezone.now() - timedelta(days=3, minutes=1)
    Registration.objects.filter(pk__in=[old.pk, confirmed.pk]).update(created_at=past)
    assert (reminding.forget_unverified(), Registration.objects.count()) == (1, 2)
    assert Registration.objects.filter(pk=old.pk).exists() is False


def test_beat_asks_for_tasks_that_exist_and_run_on_nothing():
    asked = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values() if entry["task"].startswith("events.")}
    assert asked == {
        f"events.tasks.{name}"
        for name in (
            *("settle_due", "remind", "remind_of_reports", "remind_of_actions", "resume_certificates"),
            *("forget", "forget_participants", "check", "follow_zone_rules"),
        )
    }
    for name in asked:
        getattr(tasks, name.rpartition(".")[2]).apply().get()
    assert OutboxMail.objects.count() == 0


# What must be true -------------------------------------------------------------------------------


def sound(network):
    event = make_event(networks=[network], seats=1)
    for number in range(3):
        entering.confirm_address(make_registration(event, f"p{number}@example.org", state="unverified", seat=False))
    return event, list(event.registrations.order_by("pk"))


def test_sound_event_has_no_problems(network, coordinator):
    event, (_first, second, _third) = sound(network)
    assert invariants.problems_of(event) == []
    admitting.give_seat(second, event.pools.get(), actor=coordinator, note="The mayor.")
    assert invariants.problems_of(event) == []
    life.cancel(event, actor=coordinator)
    assert invariants.problems_of(Event.objects.get()) == []


def test_each_fault_is_found(network):
    event, (first, second, third) = sound(network)
    pool, seats = event.pools.get(), SeatAllocation.objects
    faults = {
        "seats are taken, and there are": lambda: seats.filter(registration=second).update(
            state="held", position=None
        ),
        "is beyond its counter": lambda: type(pool).objects.update(queue_counter=0),
        "its state is “has a place”, its seat “missing”": lambda: seats.filter(registration=first).update(
            state="released"
        ),
        "its state is “withdrawn”, its seat “waiting”": lambda: Registration.objects.filter(pk=third.pk).update(
            state="withdrawn"
        ),
        "takes part “Online”, but its seat is “In person”": lambda: Registration.objects.filter(pk=first.pk).update(
            mode="online"
        ),
        "though seats are free": lambda: type(pool).objects.update(capacity=3),
    }
    missed = []
    for words, breaks in faults.items():
        point = transaction.savepoint()
        breaks()
        if not any(words in problem for problem in invariants.problems_of(Event.objects.get(pk=event.pk))):
            missed.append(words)
        transaction.savepoint_rollback(point)
    assert (missed, invariants.problems_of(event)) == ([], [])


def test_faults_that_the_database_refuses_are_looked_for_all_the_same(network):
    event, (first, second, third) = sound(network)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE"
        )  # What waits for the commit would keep the tables from changing.
        cursor.execute("DROP INDEX registration_once_per_address")
        cursor.execute("DROP INDEX queue_position_once")
    Registration.objects.filter(pk=first.pk).update(email="a@example.org")
    Registration.objects.filter(pk=second.pk).update(email="A@example.org")
    SeatAllocation.objects.filter(registration__in=[second, third]).update(position=1)
    assert invariants.problems_of(event) == [
        f"Registration {first.pk} has the address of another one that is active.",
        f"Registration {second.pk} has the address of another one that is active.",
        "In person: place 1 in the queue was given out 2 times.",
    ]


def test_two_seats_of_one_person_are_found(network):
    event = make_event(networks=[network], mode="hybrid")
    row = make_registration(event)
    row.allocations.create(pool=event.pools.get(kind="online"), state="held")
    make_registration(event)
    assert invariants.problems_of(event) == [f"Registration {row.pk} holds a seat in person and one online."]


def test_problems_are_told_in_the_language_of_the_reader_and_logged_in_english(network, caplog):
    event, (first, *_others) = sound(network)
    SeatAllocation.objects.filter(registration=first).update(state="released")
    with translation.override("fr"):
        told = invariants.problems_of(event)
        invariants.check_all()
    assert told[0] == f"Inscription {first.pk} : son état est « a une place », son siège « manque »."
    assert f"Registration {first.pk}: its state is “has a place”, its seat “missing”." in caplog.text


def test_problems_are_asked_as_often_for_thirty_people_as_for_three(network, django_assert_num_queries):
    event, _people = sound(network)
    with CaptureQueriesContext(connection) as few:
        invariants.problems_of(event)
    for number in range(3, 30):
        entering.confirm_address(make_registration(event, f"p{number}@example.org", state="unverified", seat=False))
    with django_assert_num_queries(len(few)):
        assert invariants.problems_of(event) == []


def test_problems_of_one_kind_are_listed_up_to_a_limit(network):
    event = make_event(networks=[network])
    for _one in range(invariants.MOST + 5):
        make_registration(event, seat=False)
    assert len(invariants.problems_of(event)) == invariants.MOST


def test_nightly_look_logs_each_problem_as_an_error(network, caplog):
    event, (first, *_others) = sound(network)
    assert (invariants.check_all(), caplog.records) == (0, [])
    SeatAllocation.objects.filter(registration=first).update(state="released")
    with caplog.at_level(logging.ERROR):
        count = invariants.check_all()
    assert (count, len(caplog.records)) == (2, 2)  # Without a seat, and others wait while it is free.
    assert f"Event {event.pk}:" in caplog.text
