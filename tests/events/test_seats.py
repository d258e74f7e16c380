"""Seats: one row locked, one order, one way to move up."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections, transaction
from django.utils import timezone

from common.models import OutboxMail
from events.models import Event, EventStep, Registration, SeatAllocation
from events.services import admitting, entering, registering, reminding, seats
from networks.models import RoleAssignment
from networks.services import grant_role
from tests.events.factories import make_event, make_registration, make_reserve, make_session
from tests.factories import make_city, make_network, make_person, make_term

pytestmark = pytest.mark.django_db

State = Registration.State


def values(email, **changes):
    return {"email": email, "name": email.split("@")[0], "mode": "in-person"} | changes


def enter(event, email, **changes):
    """Somebody registers and presses the button in the mail."""
    registration = registering.register(event, values(email, **changes), consents=["data"], language="en")
    return entering.confirm_address(registration)


def states(event):
    return [row.state for row in event.registrations.order_by("pk")]


def test_register_takes_no_seat_before_the_address_is_confirmed(db):
    event = make_event(seats=1)
    registration = registering.register(event, values("a@example.org"), consents=["data"], language="sv")
    assert (registration.state, SeatAllocation.objects.count()) == (State.UNVERIFIED, 0)
    mail = OutboxMail.objects.get()
    assert (mail.kind, mail.language, mail.about) == ("events/confirm-address", "sv", f"event:{event.pk}")
    assert "/confirm/" in mail.text


def test_confirm_gives_seats_in_order_and_then_places_in_the_queue():
    event = make_event(seats=2)
    people = [enter(event, f"p{number}@example.org") for number in range(4)]
    assert states(event) == [State.CONFIRMED, State.CONFIRMED, State.WAITLISTED, State.WAITLISTED]
    queue = [seats.place_in_queue(person.allocations.get()) for person in people[2:]]
    assert queue == [1, 2]


def test_confirm_twice_counts_once():
    event = make_event(seats=2)
    person = enter(event, "a@example.org")
    entering.confirm_address(person)
    assert SeatAllocation.objects.count() == 1


def test_register_with_the_same_address_in_capitals_makes_no_second_registration():
    event = make_event(seats=2)
    first = enter(event, "a@example.org")
    again = registering.register(event, values("A@Example.org"), consents=["data"], language="en")
    assert (again.pk, Registration.objects.count()) == (first.pk, 1)
    assert OutboxMail.objects.filter(kind="events/already-registered").count() == 1


def test_withdrawal_moves_the_first_in_the_queue_up():
    event = make_event(seats=1)
    first, _second, _third = (enter(event, f"p{number}@example.org") for number in range(3))
    assert registering.withdraw(first) is True
    assert states(event) == [State.WITHDRAWN, State.CONFIRMED, State.WAITLISTED]
    assert registering.withdraw(first) is False


def test_newcomer_never_passes_somebody_who_considers_an_offer():
    event = make_event(seats=1)
    event.pools.update(offer_hours=24)
    first, second = enter(event, "a@example.org"), enter(event, "b@example.org")
    registering.withdraw(first)
    third = enter(event, "c@example.org")
    assert states(event) == [State.WITHDRAWN, State.OFFERED, State.WAITLISTED]
    registering.accept_offer(second, event.pools.get())
    assert states(event) == [State.WITHDRAWN, State.CONFIRMED, State.WAITLISTED]
    assert seats.place_in_queue(third.allocations.get()) == 1


def test_offer_nobody_answers_goes_to_the_next_without_any_beat(time_machine):
    event = make_event(seats=1)
    event.pools.update(offer_hours=24)
    first, second, _third = (enter(event, f"p{number}@example.org") for number in range(3))
    registering.withdraw(first)
    time_machine.move_to(timezone.now() + timedelta(hours=25))
    with pytest.raises(ValidationError):
        registering.accept_offer(second, event.pools.get())
    enter(event, "late@example.org")
    assert states(event) == [State.WITHDRAWN, State.LAPSED, State.OFFERED, State.WAITLISTED]


def test_declined_offer_goes_to_the_next():
    event = make_event(seats=1)
    event.pools.update(offer_hours=24)
    first, second, _third = (enter(event, f"p{number}@example.org") for number in range(3))
    registering.withdraw(first)
    registering.stop_waiting(second, event.pools.get())
    assert states(event) == [State.WITHDRAWN, State.WITHDRAWN, State.OFFERED]


def test_last_hours_ask_before_moving_anybody_up(time_machine):
    event = make_event(seats=1, fresh_yes_hours=24)
    first, second = enter(event, "a@example.org"), enter(event, "b@example.org")
    time_machine.move_to(event.starts_at - timedelta(hours=5))
    registering.withdraw(first)
    assert states(event) == [State.WITHDRAWN, State.OFFERED]
    assert second.allocations.get().offered_until <= event.starts_at


def test_fewer_seats_remove_nobody_and_more_move_up():
    admin, event = make_person(is_superuser=True, is_staff=True), make_event(seats=2)
    for number in range(4):
        enter(event, f"p{number}@example.org")
    pool = event.pools.get()
    admitting.change_pool(pool, {"capacity": 1}, actor=admin)
    assert states(event) == [State.CONFIRMED, State.CONFIRMED, State.WAITLISTED, State.WAITLISTED]
    admitting.change_pool(pool, {"capacity": 3}, actor=admin)
    assert states(event) == [State.CONFIRMED, State.CONFIRMED, State.CONFIRMED, State.WAITLISTED]


def test_city_maximum_passes_over_but_keeps_the_place_in_the_queue():
    malmo, lund, event = make_city("Malmö"), make_city("Lund"), make_event(seats=2)
    event.pools.update(per_city_maximum=1)
    first = enter(event, "a@example.org", city=malmo)
    second = enter(event, "b@example.org", city=malmo)
    third = enter(event, "c@example.org", city=lund)
    # The queue is not passed by newcomers; beat lets in who fits.
    assert reminding.settle_due() == 1
    assert states(event) == [State.CONFIRMED, State.WAITLISTED, State.CONFIRMED]
    registering.withdraw(first)
    second.refresh_from_db()
    assert (second.state, third.state) == (State.CONFIRMED, State.WAITLISTED)


def test_reserved_seats_wait_for_their_kind_and_are_released_on_their_date(time_machine):
    school, event = make_term("organisation-type", "school"), make_event(seats=2)
    make_reserve(event.pools.get(), stakeholder=school, seats=1, releases_at=timezone.now() + timedelta(days=3))
    enter(event, "a@example.org")
    enter(event, "b@example.org")
    assert states(event) == [State.CONFIRMED, State.WAITLISTED]
    time_machine.move_to(timezone.now() + timedelta(days=4))
    seats.settle_event(event.pk)
    assert states(event) == [State.CONFIRMED, State.CONFIRMED]


def test_reserved_seat_is_taken_by_its_kind():
    school, event = make_term("organisation-type", "school"), make_event(seats=2)
    make_reserve(event.pools.get(), stakeholder=school, seats=1, releases_at=timezone.now() + timedelta(days=3))
    enter(event, "a@example.org")
    enter(event, "b@example.org", stakeholder=school)
    enter(event, "c@example.org", stakeholder=school)
    assert states(event) == [State.CONFIRMED, State.CONFIRMED, State.WAITLISTED]


def test_online_meanwhile_and_then_in_the_building():
    event = make_event(seats=1, mode="hybrid", online_seats=5)
    first = enter(event, "a@example.org")
    second = enter(event, "b@example.org", online_meanwhile=True)
    assert (second.state, second.mode) == (State.CONFIRMED, "online")
    registering.withdraw(first)
    second.refresh_from_db()
    held = second.allocations.filter(state="held").values_list("pool__kind", flat=True)
    assert (second.state, second.mode, list(held)) == (State.CONFIRMED, "in-person", ["in-person"])
    assert OutboxMail.objects.filter(kind="events/mode-changed").count() == 1


def test_change_of_mode_keeps_the_seat_until_there_is_another():
    event = make_event(seats=1, mode="hybrid", online_seats=5)
    enter(event, "a@example.org")
    online = enter(event, "b@example.org", mode="online")
    registering.change_mode(online, "in-person")
    online.refresh_from_db()
    assert (online.state, online.mode) == (State.CONFIRMED, "online")
    assert sorted(online.allocations.values_list("pool__kind", "state")) == [
        ("in-person", "waiting"),
        ("online", "held"),
    ]


def test_full_without_waiting_list_is_told():
    event = make_event(seats=1)
    event.pools.update(has_waiting_list=False)
    enter(event, "a@example.org")
    second = enter(event, "b@example.org")
    assert (second.state, OutboxMail.objects.filter(kind="events/not-admitted").count()) == (State.DECLINED, 1)


@pytest.fixture
def coordinator():
    network = make_network()
    person = make_person()
    grant_role(person, RoleAssignment.Role.COORDINATOR, actor=make_person(is_superuser=True), network=network)
    return network, person


def test_approval_comes_before_the_seat(coordinator):
    network, person = coordinator
    event = make_event(networks=[network], seats=1, needs_approval=True)
    first, second = enter(event, "a@example.org"), enter(event, "b@example.org")
    assert states(event) == [State.AWAITING_APPROVAL] * 2
    admitting.approve(first, actor=person)
    admitting.decline(second, actor=person, note="For cities only.")
    assert states(event) == [State.CONFIRMED, State.DECLINED]


def test_override_raises_the_limit_and_is_logged(coordinator):
    network, person = coordinator
    event = make_event(networks=[network], seats=1)
    enter(event, "a@example.org")
    second = enter(event, "b@example.org")
    admitting.give_seat(second, event.pools.get(), actor=person, note="The mayor.")
    assert states(event) == [State.CONFIRMED, State.CONFIRMED]
    assert (event.pools.get().capacity, EventStep.objects.get().action) == (2, "overbooked")


@pytest.mark.parametrize("verb", ["approve", "decline", "remove", "give_seat"])
def test_strangers_decide_nothing(verb):
    event, stranger = make_event(needs_approval=True), make_person()
    registration = enter(event, "a@example.org")
    extra = (event.pools.get(),) if verb == "give_seat" else ()
    note = {"note": "x"} if verb == "give_seat" else {}
    with pytest.raises(PermissionDenied):
        getattr(admitting, verb)(registration, *extra, actor=stranger, **note)


@pytest.mark.parametrize("status", ["draft", "postponed", "cancelled", "held"])
def test_registration_after_the_event_changed_is_refused(status):
    event = make_event()
    dates = {"starts_at": None, "ends_at": None} if status == "postponed" else {}
    Event.objects.filter(pk=event.pk).update(status=status, **dates)
    with pytest.raises(ValidationError):
        registering.register(event, values("a@example.org"), consents=["data"], language="en")


def test_break_out_session_has_seats_of_its_own():
    event = make_event(seats=5)
    session = make_session(event, kind="breakout", seats=1)
    first, second = (
        entering.confirm_address(
            registering.register(event, values(email), consents=["data"], language="en", sessions=[session])
        )
        for email in ("a@example.org", "b@example.org")
    )
    kept = [person.allocations.get(pool__session=session).state for person in (first, second)]
    assert (states(event), kept) == ([State.CONFIRMED, State.CONFIRMED], ["held", "waiting"])
    registering.withdraw(first)
    assert second.allocations.get(pool__session=session).state == "held"


# Many at once ------------------------------------------------------------------------------------


def in_threads(jobs):
    """Run functions at the same moment, each with a connection of its own; returns what they raised."""
    raised, gate = [], threading.Barrier(len(jobs))

    def run(job):
        gate.wait()
        try:
            job()
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def confirm_all(event, count):
    rows = [make_registration(event, state="unverified", seat=False) for _ in range(count)]
    return in_threads([lambda row=row: entering.confirm_address(row) for row in rows])


@pytest.mark.django_db(transaction=True)
def test_forty_at_once_for_ten_seats_confirm_exactly_ten():
    event = make_event(seats=10)
    raised = confirm_all(event, 40)
    positions = SeatAllocation.objects.filter(state="waiting").order_by("position").values_list("position", flat=True)
    assert (raised, states(event).count(State.CONFIRMED)) == ([], 10)
    assert list(positions) == list(range(1, 31))
    assert OutboxMail.objects.filter(kind__in=["events/place", "events/waiting"]).count() == 40


@pytest.mark.django_db(transaction=True)
def test_forty_at_once_in_turn_confirm_exactly_ten_in_fewer_transactions(monkeypatch):
    rounds, lock_pools = [], entering.lock_pools
    monkeypatch.setattr(entering, "lock_pools", lambda event_id: rounds.append(event_id) or lock_pools(event_id))
    event = make_event(seats=10)
    rows = unverified(event, 40)
    raised = in_threads([lambda row=row: entering.confirm_in_turn(row) for row in rows])
    positions = SeatAllocation.objects.filter(state="waiting").order_by("position").values_list("position", flat=True)
    assert (raised, states(event).count(State.CONFIRMED)) == ([], 10)
    assert list(positions) == list(range(1, 31))
    assert OutboxMail.objects.filter(kind__in=["events/place", "events/waiting"]).count() == 40
    assert len(rounds) < 40


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_more_than_ten_are_confirmed(monkeypatch):
    def unlocked(event_id):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.05)")
        return list(seats.SeatPool.objects.filter(event=event_id))

    monkeypatch.setattr(entering, "lock_pools", unlocked)
    event = make_event(seats=10)
    confirm_all(event, 40)
    assert SeatAllocation.objects.filter(state="held").count() > 10


@pytest.mark.django_db(transaction=True)
def test_one_address_posted_many_times_makes_one_registration():
    event = make_event(seats=10)
    cases = ["a@example.org", "A@example.org", "a@EXAMPLE.org", "A@EXAMPLE.ORG"] * 4
    raised = in_threads(
        [
            lambda email=email: registering.register(event, values(email), consents=["data"], language="en")
            for email in cases
        ]
    )
    assert (raised, Registration.objects.count()) == ([], 1)


@pytest.mark.django_db(transaction=True)
def test_sessions_wanted_in_opposite_orders_never_wait_for_each_other():
    event = make_event(seats=50)
    first, second = (make_session(event, kind="breakout", seats=5) for _ in range(2))
    rows = [make_registration(event) for _ in range(20)]
    raised = in_threads(
        [
            lambda row=row, wish=(first, second) if number % 2 else (second, first): registering.choose_sessions(
                row, wish
            )
            for number, row in enumerate(rows)
        ]
    )
    held = SeatAllocation.objects.filter(state="held", pool__kind="breakout").count()
    assert (raised, held) == ([], 10)


@pytest.mark.django_db(transaction=True)
def test_withdrawals_while_others_wait_keep_order_and_limit():
    event = make_event(seats=10)
    confirm_all(event, 30)
    holders = list(event.registrations.filter(state=State.CONFIRMED))
    next_ones = list(
        SeatAllocation.objects.filter(state="waiting").order_by("position").values_list("registration", flat=True)[:10]
    )
    raised = in_threads([lambda row=row: registering.withdraw(row) for row in holders])
    now_in = set(event.registrations.filter(state=State.CONFIRMED).values_list("pk", flat=True))
    assert (raised, now_in) == ([], set(next_ones))


@pytest.mark.django_db(transaction=True)
def test_holder_that_rolls_back_leaves_the_seat_to_the_next():
    event = make_event(seats=1)
    first, second = (make_registration(event, state="unverified", seat=False) for _ in range(2))

    def roll_back():
        with transaction.atomic():
            entering.confirm_address(first)
            raise Broken

    with pytest.raises(Broken):
        roll_back()
    assert entering.confirm_address(second).state == State.CONFIRMED


class Broken(Exception):
    pass


# Several in one transaction ----------------------------------------------------------------------


def confirm_together(event, rows):
    return entering.confirm_addresses(event.pk, lambda: [row.pk for row in rows])


def unverified(event, count=1, **values):
    values |= {"state": "unverified", "seat": False, "verified_at": None}
    return [make_registration(event, **values) for _ in range(count)]


def facts(event):
    """What is stored of everybody, in the order of registration, without times and secrets."""
    return [
        (
            row.state,
            row.mode,
            row.verified_at is not None,
            list(row.allocations.order_by("pool").values_list("pool__kind", "state", "position")),
            list(row.steps.order_by("pk").values_list("from_state", "to_state", "note")),
            list(OutboxMail.objects.filter(recipient=row.email).order_by("pk").values_list("kind", flat=True)),
            OutboxMail.objects.filter(recipient=row.email).exclude(calendar="").count(),
        )
        for row in event.registrations.order_by("pk")
    ]


def crowd(**changes):
    """An event and people of every sort who have not confirmed yet."""
    event = make_event(seats=4, mode="hybrid", **changes)
    event.pools.filter(kind="online").update(capacity=2)
    session = make_session(event, kind="breakout", seats=1)
    malmo = make_city()
    rows = [
        *unverified(event, 2, city=malmo),
        *unverified(event, 1, mode="online"),
        *unverified(event, 2),
        *unverified(event, 2, online_meanwhile=True),
        *unverified(event, 2, mode="online"),
        *unverified(event, 2),
    ]
    for row in (rows[1], rows[4], rows[10]):
        row.wanted_sessions.add(session)
    return event, rows


@pytest.mark.parametrize(
    "limits",
    [{}, {"has_waiting_list": False}, {"per_city_maximum": 1}, {"capacity": None}, {"capacity": 0}],
)
def test_together_all_get_what_they_get_one_after_the_other(limits):
    (one, first), (other, second) = crowd(), crowd()
    for event in (one, other):
        event.pools.filter(kind="in-person").update(**limits)
    # In one transaction those of a mode come one after the other.
    for row in sorted(first, key=lambda row: row.mode):
        entering.confirm_address(row)
    confirm_together(other, second)
    assert facts(other) == facts(one)


def test_together_all_wait_for_the_hosts_where_they_decide():
    event, rows = crowd(needs_approval=True)
    confirm_together(event, rows)
    assert (set(states(event)), SeatAllocation.objects.count()) == ({State.AWAITING_APPROVAL}, 0)


def test_together_seats_kept_for_others_are_not_given():
    association, event = make_term("organisation-type"), make_event(seats=3)
    pool = event.pools.get()
    make_reserve(pool, stakeholder=association, seats=2, releases_at=event.starts_at)
    rows = [*unverified(event, 2), *unverified(event, 1, stakeholder=association)]
    confirm_together(event, rows)
    assert states(event) == [State.CONFIRMED, State.WAITLISTED, State.WAITLISTED]


def test_together_what_one_may_not_do_changes_nothing_for_the_others():
    event = make_event(seats=5, mode="in-person")
    first, online, gone, again = unverified(event, 4)
    Registration.objects.filter(pk=online.pk).update(mode="online")
    gone.delete()
    found = entering.confirm_addresses(event.pk, lambda: [first.pk, online.pk, 0, again.pk, first.pk])
    assert [getattr(one, "state", one and type(one)) for one in found] == [
        State.CONFIRMED,
        ValidationError,
        None,
        State.CONFIRMED,
        State.CONFIRMED,
    ]
    online.refresh_from_db()
    assert (online.state, online.verified_at, online.steps.count()) == (State.UNVERIFIED, None, 0)
    assert OutboxMail.objects.count() == 2


def test_statements_of_a_round_do_not_grow_with_those_who_queue(django_assert_num_queries):
    event = make_event(seats=1)
    confirm_together(event, unverified(event, 2))
    for count in (1, 12):
        rows = unverified(event, count)
        with django_assert_num_queries(14):
            confirm_together(event, rows)


def test_mail_of_a_place_carries_the_calendar_entry():
    event = make_event(seats=1)
    enter(event, "a@example.org")
    calendar = OutboxMail.objects.get(kind="events/place").calendar
    assert "METHOD:REQUEST" in calendar
    assert f"UID:{event.uid}@" in calendar
