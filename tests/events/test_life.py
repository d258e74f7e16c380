"""From draft to archive: what an event may become, and what page, calendar, seats and mails then say."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from common.models import OutboxMail
from events.models import Event, EventDateChange, EventStep, Registration, SeatAllocation
from events.rules import closed_because
from events.services import entering, life, registering, reminding, seats
from tests.events.factories import make_event, make_registration, make_session
from tests.events.test_seats import in_threads
from tests.factories import make_network, make_person, make_term

pytestmark = pytest.mark.django_db
State = Registration.State


def later(days, start=time(10), end=time(16)):
    day = timezone.localdate() + timedelta(days=days)
    return {"start_date": day, "start_time": start, "end_date": day, "end_time": end}


def in_days(days):
    return timezone.now() + timedelta(days=days)


def enter(event, email, **values):
    values = {"email": email, "name": email.split("@")[0], "mode": "in-person"} | values
    return entering.confirm_address(registering.register(event, values, consents=["data"], language="en"))


def states(event):
    return [row.state for row in event.registrations.order_by("pk")]


def mails(kind):
    return OutboxMail.objects.filter(kind=f"events/{kind}").order_by("pk")


def line(calendar, name):
    return next((text for text in calendar.splitlines() if text.startswith(name)), "")


@pytest.fixture
def event(network):
    return make_event(networks=[network], seats=1, venue="Town hall")


# Draft and announcement --------------------------------------------------------------------------


def draft(network, coordinator, **values):
    values = {
        "source_language": "en",
        "title_en": "Meeting",
        "summary_en": "About trust",
        "languages": ["en"],
    } | values
    return life.create_event(values | later(30) | {"time_zone": "Europe/Rome"}, [network], actor=coordinator)


def test_create_makes_a_draft_of_the_networks(network, coordinator):
    theme = make_term("theme")
    event = draft(network, coordinator, themes=[theme])
    assert (event.status, list(event.networks.all()), list(event.themes.all())) == ("draft", [network], [theme])
    assert (event.owner, event.steps.get().action, event.starts_at is None) == (coordinator, "created", False)


def test_create_for_a_network_of_others_is_refused(coordinator):
    with pytest.raises(PermissionDenied):
        draft(make_network(), coordinator)
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    ("day", "clock", "code"), [(date(2027, 3, 28), time(2, 30), "skipped"), (date(2027, 10, 31), time(2, 30), "twice")]
)
def test_times_that_clocks_skip_or_show_twice_are_refused(event, network, coordinator, day, clock, code):
    when = {"start_date": day, "start_time": clock, "end_date": day, "end_time": time(16)}
    with pytest.raises(ValidationError) as created:
        life.create_event({"source_language": "en", **when}, [network], actor=coordinator)
    with pytest.raises(ValidationError) as moved:
        life.reschedule(event, when, actor=coordinator, reconfirm_until=in_days(5))
    assert [error.value.error_dict["start_time"][0].code for error in (created, moved)] == [code, code]


def test_publish_names_all_that_is_missing(network, coordinator):
    event = draft(network, coordinator, title_en="")
    Event.objects.filter(pk=event.pk).update(starts_at=None, ends_at=None)
    with pytest.raises(ValidationError) as refused:
        life.publish(event, actor=coordinator)
    assert sorted(refused.value.error_dict) == ["start_date", "title", "venue"]


def test_publish_opens_registration(network, coordinator):
    event = draft(network, coordinator, mode="hybrid", venue="Town hall", online_link="https://meet.example/1")
    assert closed_because(event) == "draft"
    event = life.publish(event, actor=coordinator)
    assert (event.status, closed_because(event), event.sequence) == ("published", "", 0)
    assert sorted(event.pools.values_list("kind", flat=True)) == ["in-person", "online"]


def test_publish_online_needs_the_link(network, coordinator):
    event = draft(network, coordinator, mode="online")
    with pytest.raises(ValidationError) as refused:
        life.publish(event, actor=coordinator)
    assert list(refused.value.error_dict) == ["online_link"]


# Who may, and from where -------------------------------------------------------------------------

VERBS = {
    "edit_event": lambda event, actor: life.edit_event(event, {"venue": "Hall"}, actor=actor),
    "publish": lambda event, actor: life.publish(event, actor=actor),
    "postpone": lambda event, actor: life.postpone(event, actor=actor),
    "reschedule": lambda event, actor: life.reschedule(event, later(40), actor=actor, reconfirm_until=in_days(9)),
    "move_online": lambda event, actor: life.move_online(event, "https://meet.example/1", actor=actor),
    "cancel": lambda event, actor: life.cancel(event, actor=actor),
    "mark_held": lambda event, actor: life.mark_held(event, actor=actor),
    "mark_reported": lambda event, actor: life.mark_reported(event, actor=actor),
    "archive": lambda event, actor: life.archive(event, actor=actor),
}
FROM = {
    "publish": {"draft"},
    "postpone": {"published"},
    "reschedule": {"postponed", "published"},
    "move_online": {"published"},
    "cancel": {"published", "postponed"},
    "mark_held": {"published"},
    "mark_reported": {"held"},
    "archive": {"held", "reported"},
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("role", ["stranger", "foreign"])
def test_only_those_who_run_it_change_it(event, verb, role):
    from tests.events.conftest import make_coordinator

    person = make_coordinator(make_network()) if role == "foreign" else make_person()
    with pytest.raises(PermissionDenied):
        VERBS[verb](event, person)
    assert EventStep.objects.count() == 0


@pytest.mark.parametrize("verb", FROM)
@pytest.mark.parametrize("status", Event.Status.values)
def test_verbs_act_from_their_states_only(event, coordinator, verb, status):
    dates = {"starts_at": None, "ends_at": None} | dict.fromkeys(("start_date", "start_time", "end_date", "end_time"))
    Event.objects.filter(pk=event.pk).update(status=status, **(dates if status == "postponed" else {}))
    if verb == "mark_held":
        Event.objects.filter(pk=event.pk).exclude(status="postponed").update(
            starts_at=in_days(-2), ends_at=in_days(-1)
        )
    if status in FROM[verb]:
        VERBS[verb](event, coordinator)
        assert event.steps.count() == 1
    else:
        with pytest.raises(ValidationError) as refused:
            VERBS[verb](event, coordinator)
        assert (refused.value.code, event.steps.count()) == ("status", 0)


def test_held_before_the_end_is_refused(event, coordinator):
    with pytest.raises(ValidationError) as refused:
        life.mark_held(event, actor=coordinator)
    assert refused.value.code == "not-over"


# Editing -----------------------------------------------------------------------------------------


def test_edit_of_texts_sends_nothing_and_of_the_place_tells_once(event, coordinator):
    enter(event, "a@example.org")
    enter(event, "b@example.org")
    event = life.edit_event(event, {"description_en": "<p>More.</p>", "title_sv": "Möte"}, actor=coordinator)
    assert (event.sequence, mails("changed").count()) == (0, 0)
    event = life.edit_event(event, {"venue": "Library", "title_en": "Trust"}, actor=coordinator)
    with_place, waiting = mails("changed")
    assert (event.sequence, event.steps.first().sequence) == (1, 1)
    assert (line(with_place.calendar, "METHOD"), line(with_place.calendar, "SEQUENCE")) == (
        "METHOD:REQUEST",
        "SEQUENCE:2",
    )
    assert ("- the place or the link\n- the title" in with_place.text, waiting.calendar) == (True, "")


def test_edit_of_a_draft_is_no_news(network, coordinator):
    event = life.edit_event(draft(network, coordinator), {"venue": "Library"}, actor=coordinator)
    assert (event.venue, event.sequence) == ("Library", 0)


def test_stale_edit_does_not_restore_what_was(event, coordinator):
    seen = Event.objects.get(pk=event.pk)
    life.postpone(event, actor=coordinator)
    with pytest.raises(ValidationError) as refused:
        life.edit_event(seen, {"venue": "Library"}, actor=coordinator)
    event.refresh_from_db()
    assert (refused.value.code, event.venue, event.status) == ("stale", "Town hall", "postponed")


def test_edit_made_on_a_form_of_before_is_stale_too(event, coordinator):
    seen_at = event.updated_at
    life.edit_event(event, {"venue": "Library"}, actor=coordinator)
    with pytest.raises(ValidationError) as refused:
        life.edit_event(Event.objects.get(), {"venue": "Town hall"}, actor=coordinator, seen_at=seen_at)
    assert refused.value.code == "stale"


def test_edit_of_hours_moves_the_agenda_and_is_recorded(event, coordinator):
    session = make_session(event)
    enter(event, "a@example.org")
    life.edit_event(event, {"start_time": time(9), "end_time": time(15)}, actor=coordinator)
    session.refresh_from_db()
    assert (session.start_time, session.end_time) == (time(9), time(10))
    assert (EventDateChange.objects.count(), mails("changed").count()) == (1, 1)


def test_edit_to_another_day_is_refused_once_people_are_registered(event, coordinator):
    other = later(40)
    event = life.edit_event(event, other, actor=coordinator)
    enter(event, "a@example.org")
    with pytest.raises(ValidationError) as refused:
        life.edit_event(event, later(41), actor=coordinator)
    assert refused.value.error_dict["start_date"][0].code == "reschedule"


def test_edit_keeps_a_mode_in_which_people_have_seats(event, coordinator):
    event = life.edit_event(event, {"mode": "hybrid", "online_link": "https://meet.example/1"}, actor=coordinator)
    enter(event, "a@example.org")
    with pytest.raises(ValidationError) as refused:
        life.edit_event(event, {"mode": "online"}, actor=coordinator)
    assert refused.value.error_dict["mode"][0].code == "seats"
    assert sorted(event.pools.values_list("kind", flat=True)) == ["in-person", "online"]


def test_edit_of_what_is_no_column_is_an_error(event, coordinator):
    with pytest.raises(ValueError, match="status"):
        life.edit_event(event, {"status": "held"}, actor=coordinator)


# Postponed and moved -----------------------------------------------------------------------------


def test_postponed_keeps_seats_and_turns_offers_into_waiting(event, coordinator):
    event.pools.update(offer_hours=24)
    first, second, third = (enter(event, f"p{number}@example.org") for number in range(3))
    registering.withdraw(first)
    assert states(event) == [State.WITHDRAWN, State.OFFERED, State.WAITLISTED]
    was = second.allocations.get().position
    event = life.postpone(event, actor=coordinator, reason="A storm.")
    kept = second.allocations.get()
    change = event.date_changes.get()
    assert (event.start_date, event.starts_at, change.new_starts_at, change.reason) == (None, None, None, "A storm.")
    assert (states(event)[1:], kept.state, kept.position) == ([State.WAITLISTED] * 2, "waiting", was)
    assert [mail.recipient for mail in mails("postponed")] == [second.email, third.email]
    assert mails("waiting").count() == 2  # From the registration itself; the postponement tells it once.


def test_postponed_takes_the_entry_out_of_calendars(event, coordinator):
    enter(event, "a@example.org")
    life.postpone(event, actor=coordinator)
    calendar = mails("postponed").get().calendar
    assert [line(calendar, name) for name in ("METHOD", "SEQUENCE", "STATUS")] == [
        "METHOD:CANCEL",
        "SEQUENCE:2",
        "STATUS:CANCELLED",
    ]
    assert line(calendar, "DTSTART") != ""


def test_nobody_moves_up_while_postponed(event, coordinator):
    first, _second = enter(event, "a@example.org"), enter(event, "b@example.org")
    life.postpone(event, actor=coordinator)
    registering.withdraw(first)
    assert states(event) == [State.WITHDRAWN, State.WAITLISTED]


def test_rescheduled_asks_all_and_passes_over_who_is_silent(event, coordinator):
    first, second, third = (enter(event, f"p{number}@example.org") for number in range(3))
    event = life.postpone(event, actor=coordinator)
    event = life.reschedule(event, later(60), actor=coordinator, reconfirm_until=in_days(10))
    assert (event.status, event.sequence, mails("rescheduled").count()) == ("published", 2, 3)
    assert "/reconfirm/" in mails("rescheduled").first().text
    registering.reconfirm(third, comes=True)
    registering.reconfirm(first, comes=False)
    assert states(event) == [State.WITHDRAWN, State.WAITLISTED, State.CONFIRMED]
    assert second.allocations.get().state == SeatAllocation.State.WAITING


def test_yes_of_somebody_who_waits_moves_him_up_at_once(event, coordinator):
    first, second = enter(event, "a@example.org"), enter(event, "b@example.org")
    life.reschedule(event, later(60), actor=coordinator, reconfirm_until=in_days(10))
    registering.reconfirm(first, comes=False)
    assert states(event) == [State.WITHDRAWN, State.WAITLISTED]
    answered = registering.reconfirm(second, comes=True)
    assert answered.state == State.CONFIRMED


def test_silence_ends_the_registration_and_the_next_moves_up(event, coordinator, time_machine):
    silent, waiting = enter(event, "a@example.org"), enter(event, "b@example.org")
    event = life.reschedule(event, later(60), actor=coordinator, reconfirm_until=in_days(10))
    registering.reconfirm(waiting, comes=True)
    assert (reminding.lapse_silent(), states(event)) == (0, [State.CONFIRMED, State.WAITLISTED])
    time_machine.move_to(in_days(10) + timedelta(minutes=1))
    assert (reminding.lapse_silent(), reminding.lapse_silent()) == (1, 0)
    assert states(event) == [State.LAPSED, State.CONFIRMED]
    mail = mails("lapsed").get()
    assert (mail.recipient, line(mail.calendar, "METHOD")) == (silent.email, "METHOD:CANCEL")


def test_several_silent_ones_never_get_the_seats_of_each_other(event, coordinator, time_machine):
    people = [enter(event, f"p{number}@example.org") for number in range(4)]
    event = life.reschedule(event, later(60), actor=coordinator, reconfirm_until=in_days(10))
    registering.reconfirm(people[3], comes=True)
    time_machine.move_to(in_days(11))
    assert reminding.lapse_silent() == 3
    assert states(event) == [State.LAPSED] * 3 + [State.CONFIRMED]
    assert (mails("place").count(), mails("lapsed").count()) == (2, 3)


def test_other_hours_of_the_same_day_ask_nobody(event, coordinator):
    enter(event, "a@example.org")
    when = {name: getattr(event, name) for name in ("start_date", "end_date")} | {
        "start_time": time(12),
        "end_time": time(18),
    }
    event = life.reschedule(event, when, actor=coordinator)
    assert event.registrations.get().must_reconfirm is False
    assert "Your place stays yours." in mails("rescheduled").get().text


def test_another_day_without_asking_is_refused(event, coordinator):
    event = life.reschedule(event, later(59), actor=coordinator)  # Nobody is registered yet.
    enter(event, "a@example.org")
    with pytest.raises(ValidationError) as refused:
        life.reschedule(event, later(60), actor=coordinator)
    assert list(refused.value.error_dict) == ["reconfirm_until"]


@pytest.mark.parametrize("until", [-1, 70])
def test_answers_are_asked_for_before_the_event_only(event, coordinator, until):
    with pytest.raises(ValidationError) as refused:
        life.reschedule(event, later(60), actor=coordinator, reconfirm_until=in_days(until))
    assert refused.value.error_dict["reconfirm_until"][0].code == "reconfirm"


def test_new_date_moves_agenda_and_deadline_by_the_clock_of_the_place(network, coordinator):
    day = date(2027, 3, 20)
    event = make_event(networks=[network], day=day, closes_date=date(2027, 3, 10), closes_time=time(12))
    session = make_session(event)
    event = life.postpone(event, actor=coordinator)
    when = {
        "start_date": date(2027, 4, 20),
        "start_time": time(10),
        "end_date": date(2027, 4, 20),
        "end_time": time(16),
    }
    event = life.reschedule(event, when, actor=coordinator, reconfirm_until=datetime(2027, 4, 1, tzinfo=UTC))
    session.refresh_from_db()
    # Summer time began in between: the clock stays, the instant moves.
    assert (session.day, session.starts_at) == (date(2027, 4, 20), datetime(2027, 4, 20, 8, tzinfo=UTC))
    assert (event.closes_date, event.registration_closes_at) == (
        date(2027, 4, 10),
        datetime(2027, 4, 10, 10, tzinfo=UTC),
    )


def test_session_that_would_pass_midnight_moves_by_days_alone(event, coordinator):
    late = make_session(event, start=time(14), end=time(16))
    life.edit_event(event, {"start_time": time(19), "end_time": time(23)}, actor=coordinator)
    late.refresh_from_db()
    assert (late.day, late.start_time) == (event.start_date, time(14))


# Online ------------------------------------------------------------------------------------------


def test_moved_online_nobody_loses_a_place_and_the_queue_keeps_its_order(network, coordinator):
    event = make_event(
        networks=[network], seats=2, mode="hybrid", online_seats=1, online_link="https://meet.example/1"
    )
    people = [enter(event, f"p{number}@example.org") for number in range(4)]
    online = enter(event, "online@example.org", mode="online")
    event = life.move_online(event, "https://meet.example/2", actor=coordinator)
    pool = event.pools.get(kind="online")
    assert states(event) == [State.CONFIRMED, State.CONFIRMED, State.WAITLISTED, State.WAITLISTED, State.CONFIRMED]
    assert (pool.capacity, event.mode, event.sequence) == (3, "online", 1)
    assert [step.action for step in event.steps.order_by("pk")] == ["moved-online", "overbooked"]
    assert set(event.registrations.values_list("mode", flat=True)) == {"online"}
    assert SeatAllocation.objects.filter(pool__kind="in-person", state__in=SeatAllocation.OPEN).count() == 0
    registering.withdraw(online)
    assert states(event)[2:] == [State.CONFIRMED, State.WAITLISTED, State.WITHDRAWN]
    requests = [line(mail.calendar, "METHOD") for mail in mails("moved-online")]
    assert requests == ["METHOD:REQUEST"] * 2 + [""] * 2 + ["METHOD:REQUEST"]
    assert len(people) == 4


def test_moved_online_without_limit_lets_all_in(event, coordinator):
    enter(event, "a@example.org")
    enter(event, "b@example.org")
    event = life.move_online(event, "https://meet.example/2", actor=coordinator)
    assert (states(event), event.steps.count()) == ([State.CONFIRMED] * 2, 1)


def test_moved_online_who_waited_and_was_online_meanwhile_keeps_the_seat(network, coordinator):
    event = make_event(
        networks=[network], seats=1, mode="hybrid", online_seats=5, online_link="https://meet.example/1"
    )
    enter(event, "a@example.org")
    both = enter(event, "b@example.org", online_meanwhile=True)
    life.move_online(event, "https://meet.example/2", actor=coordinator)
    assert sorted(both.allocations.values_list("pool__kind", "state")) == [
        ("in-person", "released"),
        ("online", "held"),
    ]


def test_moved_online_needs_a_link(event, coordinator):
    with pytest.raises(ValidationError) as refused:
        life.move_online(event, "", actor=coordinator)
    assert list(refused.value.error_dict) == ["online_link"]


# Cancelled ---------------------------------------------------------------------------------------


def test_cancelled_during_an_offer_ends_all_and_moves_nobody_up(event, coordinator):
    event.pools.update(offer_hours=24)
    first, second, third = (enter(event, f"p{number}@example.org", needs_diet="No nuts") for number in range(3))
    registering.withdraw(first)
    make_registration(event, "new@example.org", state="unverified", seat=False)
    event = life.cancel(event, actor=coordinator)
    assert states(event) == [State.WITHDRAWN, *[State.EVENT_CANCELLED] * 3]
    assert [mail.recipient for mail in mails("cancelled")] == [second.email, third.email]
    assert SeatAllocation.objects.filter(state__in=SeatAllocation.OPEN).count() == 0
    assert set(event.registrations.values_list("needs_diet", flat=True)) == {""}
    with pytest.raises(ValidationError) as refused:
        registering.accept_offer(second, event.pools.get())
    assert refused.value.messages == ["The event is cancelled."]


def test_registration_right_after_the_cancellation_is_refused(event, coordinator):
    waiting = make_registration(event, state="unverified", seat=False)
    values = {"email": "late@example.org", "name": "Late", "mode": "in-person"}
    life.cancel(event, actor=coordinator)
    with pytest.raises(ValidationError) as refused:
        registering.register(event, values, consents=["data"], language="en")  # The page was loaded before.
    assert refused.value.code == "cancelled"
    assert entering.confirm_address(waiting).state == State.EVENT_CANCELLED


@pytest.mark.django_db(transaction=True)
def test_cancelled_while_others_register_leaves_nobody_registered():
    admin, event = make_person(is_superuser=True), make_event(seats=5)
    rows = [make_registration(event, state="unverified", seat=False) for _number in range(12)]
    late = {"name": "Late", "mode": "in-person"}
    jobs = [lambda row=row: entering.confirm_address(row) for row in rows]
    jobs += [
        lambda number=number: registering.register(
            event, late | {"email": f"late-{number}@example.org"}, consents=["data"], language="en"
        )
        for number in range(6)
    ]
    raised = in_threads([*jobs[:9], lambda: life.cancel(event, actor=admin), *jobs[9:]])
    assert [error for error in raised if not isinstance(error, ValidationError)] == []
    assert event.registrations.active().count() == 0
    assert SeatAllocation.objects.filter(state__in=SeatAllocation.OPEN).count() == 0


LANGUAGES = {"en": "Postponed:", "fr": "Reporté", "ar": "تأجيل", "it": "Rinviato", "sv": "Uppskjutet", "ro": "Amânat"}


def test_postponed_rescheduled_cancelled_agree_everywhere(event, coordinator):
    event.pools.update(capacity=None)
    for language in LANGUAGES:
        entering.confirm_address(
            registering.register(
                event,
                {"email": f"{language}@example.org", "mode": "in-person"},
                consents=["data"],
                language=language,
            )
        )
    life.postpone(event, actor=coordinator)
    event = life.reschedule(event, later(60), actor=coordinator, reconfirm_until=in_days(10))
    event = life.cancel(event, actor=coordinator)
    told = {}
    for mail in OutboxMail.objects.exclude(kind__in=["events/confirm-address"]).order_by("pk"):
        calendar = (line(mail.calendar, "METHOD"), line(mail.calendar, "SEQUENCE"))
        told.setdefault(mail.language, []).append((mail.kind.removeprefix("events/"), *calendar))
    expected = [
        ("place", "METHOD:REQUEST", "SEQUENCE:1"),
        ("postponed", "METHOD:CANCEL", "SEQUENCE:2"),
        ("rescheduled", "METHOD:REQUEST", "SEQUENCE:3"),
        ("cancelled", "METHOD:CANCEL", "SEQUENCE:4"),
    ]
    assert told == dict.fromkeys(LANGUAGES, expected)
    assert (event.status, set(states(event)), closed_because(event)) == ("cancelled", {"event-cancelled"}, "cancelled")
    subjects = {mail.language: mail.subject for mail in mails("postponed")}
    assert {code: word in subjects[code] for code, word in LANGUAGES.items()} == dict.fromkeys(LANGUAGES, True)
    assert seats.settle_event(event.pk) == []
