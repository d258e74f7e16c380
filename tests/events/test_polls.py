"""Asking for a new date: the poll, its page, what it counts; and the question whether the new date suits."""

from datetime import date, time, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common.models import OutboxMail
from events.models import DatePoll, PollResponse, Registration
from events.services import life, polls
from events.tokens import token_of
from tests.events.factories import make_event, make_registration
from tests.factories import make_city, make_person

pytestmark = pytest.mark.django_db
State = Registration.State


def option(day, start=time(10), end=time(16)):
    return {"start_date": day, "start_time": start, "end_date": day, "end_time": end}


DATES = [option(date(2027, 9, 14)), option(date(2027, 9, 21))]


def in_days(days):
    return timezone.now() + timedelta(days=days)


@pytest.fixture
def event(network, coordinator):
    event = make_event(networks=[network], seats=5)
    for name in ("a", "b", "c"):
        make_registration(event, f"{name}@example.org")
    return life.postpone(event, actor=coordinator)


@pytest.fixture
def poll(event, coordinator):
    return polls.open_poll(event, DATES, actor=coordinator, closes_at=in_days(7), question="In the morning or later?")


def page(registration, name="poll"):
    return reverse(f"events:{name}", args=[registration.uid, token_of(registration)])


def answers(poll, *fits, interest="yes", **more):
    dates = poll.options.all()
    return {"interest": interest} | {f"date-{one.pk}": fit for one, fit in zip(dates, fits, strict=False)} | more


# Opening -----------------------------------------------------------------------------------------


def test_poll_asks_each_participant_once_with_the_dates(poll, event):
    make_registration(event, "new@example.org", state="unverified", seat=False)
    mails = OutboxMail.objects.filter(kind="events/poll").order_by("pk")
    assert [mail.recipient for mail in mails] == ["a@example.org", "b@example.org", "c@example.org"]
    first = event.registrations.first()
    assert f"http://localhost:8000{page(first)}" in mails[0].text
    assert "- Tuesday, 14 September 2027, 10:00" in mails[0].text
    assert "- Tuesday, 21 September 2027, 10:00" in mails[0].text


def opened(event, actor, options=DATES, days=7):
    return polls.open_poll(event, options, actor=actor, closes_at=in_days(days))


@pytest.mark.parametrize(
    ("options", "days", "code"),
    [
        ([], 7, "missing"),
        (DATES, -1, "over"),
        ([option(date(2027, 3, 28), time(2, 30))], 7, "skipped"),
        ([option(date(2027, 10, 31), time(2, 30))], 7, "twice"),
        ([option(date(2020, 9, 14))], 7, "over"),
    ],
)
def test_poll_that_makes_no_sense_is_refused(event, coordinator, options, days, code):
    with pytest.raises(ValidationError) as refused:
        opened(event, coordinator, options, days)
    found = getattr(refused.value, "error_dict", {"": [refused.value]})
    codes = [error.code for errors in found.values() for problem in errors for error in problem.error_list]
    assert (codes, DatePoll.objects.count(), OutboxMail.objects.filter(kind="events/poll").count()) == ([code], 0, 0)


def test_poll_is_for_postponed_events(network, coordinator):
    with pytest.raises(ValidationError) as refused:
        opened(make_event(networks=[network]), coordinator)
    assert refused.value.code == "status"


def test_second_poll_waits_for_the_end_of_the_first(poll, event, coordinator):
    with pytest.raises(ValidationError) as refused:
        opened(event, coordinator)
    assert refused.value.code == "open"
    polls.close_poll(poll, actor=coordinator)
    assert opened(event, coordinator).is_open is True


def test_strangers_open_and_close_nothing(poll, event):
    with pytest.raises(PermissionDenied):
        opened(event, make_person())
    with pytest.raises(PermissionDenied):
        polls.close_poll(poll, actor=make_person())


def test_new_date_closes_the_poll(poll, event, coordinator):
    life.reschedule(event, DATES[0], actor=coordinator, reconfirm_until=in_days(20))
    poll.refresh_from_db()
    assert poll.is_open is False


# Answering ---------------------------------------------------------------------------------------


def test_answer_is_stored_and_can_be_changed(client, poll, event):
    registration = event.registrations.first()
    response = client.post(page(registration), answers(poll, "yes", "no", comment="  Not  Mondays "))
    assert (response.status_code, response["Location"]) == (302, page(registration))
    client.post(page(registration), answers(poll, "if-needed", "yes", interest="unsure"))
    stored = PollResponse.objects.get()
    assert (stored.interest, stored.comment) == ("unsure", "")
    assert list(stored.choices.order_by("option").values_list("fit", flat=True)) == ["if-needed", "yes"]


def test_page_shows_the_answer_that_was_given(client, poll, event):
    registration = event.registrations.first()
    client.post(page(registration), answers(poll, "yes", "no", comment="Gladly"))
    html = client.get(page(registration)).content.decode()
    first, second = poll.options.all()
    assert f'name="date-{first.pk}" value="yes"' in html
    assert html.count("checked") == 3
    assert "Gladly" in html
    assert f"date-{second.pk}" in html


def test_answer_without_all_dates_is_refused_and_kept(client, poll, event):
    registration = event.registrations.first()
    response = client.post(page(registration), answers(poll, "yes", comment="Kept"))
    assert response.status_code == 422
    assert "Say for each date whether it suits you." in response.content.decode()
    assert "Kept" in response.content.decode()
    assert PollResponse.objects.count() == 0


def test_no_longer_keeps_the_place_until_it_is_given_back_explicitly(client, poll, event):
    registration = event.registrations.first()
    client.post(page(registration), answers(poll, interest="no"))
    registration.refresh_from_db()
    assert registration.state == State.CONFIRMED
    assert "Yes, withdraw my registration" in client.get(page(registration)).content.decode()
    client.post(page(registration), {"withdraw": "1"})
    registration.refresh_from_db()
    assert (registration.state, OutboxMail.objects.filter(kind="events/withdrawn").count()) == (State.WITHDRAWN, 1)


def test_closed_poll_takes_no_answer(client, poll, event, coordinator):
    registration = event.registrations.first()
    polls.close_poll(poll, actor=coordinator)
    assert "This question is closed." in client.get(page(registration)).content.decode()
    assert client.post(page(registration), answers(poll, "yes", "yes")).status_code == 422
    assert PollResponse.objects.count() == 0


def test_poll_closes_by_itself(client, poll, event, time_machine):
    registration = event.registrations.first()
    time_machine.move_to(in_days(8))
    assert client.post(page(registration), answers(poll, "yes", "yes")).status_code == 422
    with pytest.raises(ValidationError):
        polls.answer_poll(registration, "yes", {})
    assert PollResponse.objects.count() == 0


def test_answer_for_dates_of_another_poll_is_refused(poll, event):
    with pytest.raises(ValidationError) as refused:
        polls.answer_poll(event.registrations.first(), "yes", {0: "yes"})
    assert refused.value.code == "invalid"


def test_who_has_withdrawn_is_not_asked_any_more(client, poll, event):
    registration = event.registrations.first()
    client.post(page(registration), {"withdraw": "1"})
    assert client.post(page(registration), answers(poll, "yes", "yes")).status_code == 422


# Counting ----------------------------------------------------------------------------------------


def test_results_count_cities_and_dates_and_silence_as_silence(poll, event, coordinator):
    malmo = make_city("Malmö")
    first, second, third = event.registrations.order_by("pk")
    event.registrations.filter(pk__in=[first.pk, second.pk]).update(city=malmo)
    one, two = poll.options.all()
    polls.answer_poll(first, "yes", {one.pk: "yes", two.pk: "if-needed"})
    polls.answer_poll(third, "no", {one.pk: "no"})
    results = polls.poll_results(poll)
    assert (results.asked, dict(results.interest)) == (3, {"yes": 1, "unsure": 0, "no": 1, "silent": 1})
    assert [date.total for date in results.dates] == [polls.Tally(1, 0, 1, 1), polls.Tally(0, 1, 0, 2)]
    assert results.dates[0].cities == [("", polls.Tally(0, 0, 1, 0)), ("Malmö", polls.Tally(1, 0, 0, 1))]


@pytest.mark.parametrize("extra", [0, 10])
def test_results_ask_the_database_as_often_for_three_as_for_many(poll, event, extra, django_assert_num_queries):
    for _number in range(extra):
        make_registration(event)
    with django_assert_num_queries(4):
        polls.poll_results(poll)


# The pages ---------------------------------------------------------------------------------------


@pytest.fixture
def asked(event, coordinator):
    life.reschedule(event, DATES[0], actor=coordinator, reconfirm_until=in_days(20))
    return event.registrations.order_by("pk").first()


def test_get_asks_and_post_answers_whether_one_comes(client, asked):
    html = client.get(page(asked, "reconfirm")).content.decode()
    asked.refresh_from_db()
    assert ("Yes, I am coming" in html, asked.must_reconfirm) == (True, True)
    client.post(page(asked, "reconfirm"), {"comes": "yes"})
    asked.refresh_from_db()
    assert (asked.must_reconfirm, asked.state) == (False, State.CONFIRMED)
    client.post(page(asked, "reconfirm"), {"comes": "no"})
    asked.refresh_from_db()
    assert asked.state == State.WITHDRAWN
    assert "Yes, I am coming" not in client.get(page(asked, "reconfirm")).content.decode()


def test_answer_that_says_nothing_changes_nothing(client, asked):
    assert client.post(page(asked, "reconfirm"), {}).status_code == 422
    asked.refresh_from_db()
    assert asked.must_reconfirm is True


@pytest.mark.parametrize("name", ["poll", "reconfirm"])
def test_pages_are_for_the_holder_of_the_link_and_leave_no_traces(client, poll, asked, name):
    response = client.get(page(asked, name))
    assert (response.status_code, response["Referrer-Policy"]) == (200, "strict-origin")
    assert "no-store" in response["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in response.content.decode()
    wrong = reverse(f"events:{name}", args=[asked.uid, "0" * 40])
    other = Registration.objects.exclude(pk=asked.pk).first()
    foreign = reverse(f"events:{name}", args=[asked.uid, token_of(other)])
    assert [client.get(path).status_code for path in (wrong, foreign)] == [404, 404]
    assert [client.post(path, {"comes": "no"}).status_code for path in (wrong, foreign)] == [404, 404]


@pytest.mark.parametrize("name", ["poll", "reconfirm"])
def test_page_without_a_question_is_none(client, network, name):
    registration = make_registration(make_event(networks=[network]))
    assert client.get(page(registration, name)).status_code == 404


@pytest.mark.parametrize("name", ["poll", "reconfirm"])
def test_forms_of_other_sites_are_refused(poll, asked, name):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(page(asked, name), {"comes": "no", "withdraw": "1"}).status_code == 403
    asked.refresh_from_db()
    assert asked.state == State.CONFIRMED


@pytest.mark.parametrize("language", ["fr", "ar", "it", "sv", "ro"])
def test_pages_are_in_the_language_of_their_address(client, poll, asked, language):
    from django.utils import translation

    with translation.override(language):
        paths = [page(asked, "poll"), page(asked, "reconfirm")]
    html = "".join(client.get(path).content.decode() for path in paths)
    english = ["Which date suits you?", "Can you come on", "Yes, I am coming", "This question is closed"]
    assert [text for text in english if text in html] == []
