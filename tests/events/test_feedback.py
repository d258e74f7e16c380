"""Feedback: asked once, answered once, traced to nobody."""

import threading

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections
from django.urls import reverse

from common.models import OutboxMail
from events.models import Event, FeedbackInvitation, FeedbackResponse
from events.services.feedback import answer, invite, results
from events.tokens import token_of
from networks.models import RoleAssignment
from networks.services import grant_role
from tests.events.factories import make_event, make_registration
from tests.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    event = make_event()
    Event.objects.filter(pk=event.pk).update(status="held")
    event.refresh_from_db()
    return event


@pytest.fixture
def host(event, admin_user):
    person = make_person("host@example.org")
    grant_role(person, RoleAssignment.Role.COORDINATOR, actor=admin_user, network=event.networks.get())
    return person


def values(mark=4, **changes):
    return {"usefulness": mark, "exchange": mark, "organisation": mark, "take_away": "", "improve": ""} | changes


def invited(event, count):
    people = [make_registration(event, state="attended") for _one in range(count)]
    invite(event)
    return people


def address(registration):
    return reverse("events:feedback", args=[registration.uid, token_of(registration, "feedback")])


# Asking ------------------------------------------------------------------------------------------


def test_those_who_were_there_are_asked_once_by_mail(event, host):
    attended = make_registration(event, state="attended")
    unsettled = make_registration(event)
    make_registration(event, state="no-show")
    make_registration(event, state="withdrawn")
    assert [invite(event, actor=host), invite(event, actor=host)] == [2, 0]
    mails = OutboxMail.objects.filter(kind="events/feedback-asked")
    assert sorted(mails.values_list("recipient", flat=True)) == sorted([attended.email, unsettled.email])
    assert address(attended) in mails.get(recipient=attended.email).text


def test_nobody_is_asked_before_the_event_was_held(host, event):
    Event.objects.filter(pk=event.pk).update(status="published")
    event.refresh_from_db()
    with pytest.raises(ValidationError) as refused:
        invite(event, actor=host)
    assert refused.value.code == "not-held"


def test_asking_by_somebody_else_is_refused(event):
    with pytest.raises(PermissionDenied):
        invite(event, actor=make_person())


# Answering ---------------------------------------------------------------------------------------


def test_answer_is_taken_once(client, event):
    (anna,) = invited(event, 1)
    assert client.get(address(anna)).status_code == 200
    assert client.post(address(anna), values(3)).status_code == 302
    assert client.post(address(anna), values(5)).status_code == 200
    assert list(FeedbackResponse.objects.values_list("usefulness", flat=True)) == [3]
    with pytest.raises(ValidationError):
        answer(anna, values())


def test_answer_leaves_no_mail_and_no_session(client, event, django_assert_num_queries):
    (anna,) = invited(event, 1)
    before = OutboxMail.objects.count()
    client.post(address(anna), values())
    assert (OutboxMail.objects.count(), "sessionid" in client.cookies) == (before, False)


def test_refused_answer_keeps_what_was_typed(client, event):
    (anna,) = invited(event, 1)
    page = client.post(address(anna), values(9, take_away="Ideas"))
    assert (page.status_code, "Ideas" in page.content.decode()) == (422, True)
    assert (FeedbackResponse.objects.count(), FeedbackInvitation.objects.get().is_used) == (0, False)


def test_form_needs_an_invitation_and_its_own_secret(client, event):
    (anna,) = invited(event, 1)
    uninvited = make_registration(event, state="no-show")
    wrong = reverse("events:feedback", args=[anna.uid, token_of(anna)])
    answers = [client.get(path).status_code for path in (address(anna), address(uninvited), wrong)]
    assert answers == [200, 404, 404]


@pytest.mark.django_db(transaction=True)
def test_twice_at_the_same_moment_is_one_answer():
    event = make_event(status="held")
    (anna,) = invited(event, 1)
    outcomes = at_once(4, lambda: answer(anna, values()))
    assert (sorted(outcomes), FeedbackResponse.objects.count()) == (["answered", "answered", "answered", "done"], 1)


@pytest.mark.django_db(transaction=True)
def test_answers_of_several_at_the_same_moment_are_all_kept():
    event = make_event(status="held")
    people = iter(invited(event, 6))
    assert at_once(6, lambda: answer(next(people), values())) == ["done"] * 6
    assert FeedbackResponse.objects.count() == 6


def at_once(number, act):
    """Outcomes of an act in several connections that begin together."""
    barrier, outcomes = threading.Barrier(number), []

    def run():
        barrier.wait()
        try:
            act()
            outcomes.append("done")
        except ValidationError as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _one in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


# Anonymity ---------------------------------------------------------------------------------------


def columns_of(table):
    """{column: values} with what PostgreSQL itself keeps of each row, in the order of the file."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ctid::text, xmin::text, cmin::text, xmax::text, * FROM {table} ORDER BY ctid")
        names = [column.name for column in cursor.description]
        rows = cursor.fetchall()
    return {name: [str(row[at]) for row in rows] for at, name in enumerate(names)}


@pytest.mark.django_db(transaction=True)
def test_nothing_joins_three_answers_to_their_people():
    event = make_event(status="held")
    people = invited(event, 3)
    for mark, person in zip((1, 3, 5), reversed(people), strict=True):
        answer(person, values(mark))
    invitations = columns_of("events_feedbackinvitation")
    responses = columns_of("events_feedbackresponse")
    # Columns: none has a person, a time or a number that counts up.
    assert set(responses) - {"ctid", "xmin", "cmin", "xmax"} == {
        *("id", "event_id", "usefulness", "exchange", "organisation", "take_away", "improve")
    }
    assert set(invitations) - {"ctid", "xmin", "cmin", "xmax"} == {"id", "registration_id", "is_used"}
    # Transactions: all rows of the event name the same one.
    assert len(set(invitations["xmin"]) | set(responses["xmin"])) == 1
    assert (len(set(invitations["cmin"])), len(set(responses["cmin"]))) == (1, 1)
    # Order in the file: by random keys, and by those of the invitations.
    assert responses["id"] == sorted(responses["id"])
    assert invitations["id"] == sorted(invitations["id"], key=int)
    # And no value of one table is a value of the other, but that of the event.
    shared = {value for name in ("id", "registration_id") for value in invitations[name]}
    assert shared & {value for name in ("id",) for value in responses[name]} == set()


@pytest.mark.django_db(transaction=True)
def test_an_unused_invitation_looks_like_those_that_were_used():
    event = make_event(status="held")
    people = invited(event, 3)
    answer(people[1], values())
    invitations = columns_of("events_feedbackinvitation")
    assert invitations["is_used"].count("True") == 1
    assert len(set(invitations["xmin"])) == 1


@pytest.mark.django_db(transaction=True)
def test_control_rows_written_one_by_one_would_be_joined_by_their_transactions():
    event = make_event(status="held")
    for _one in range(3):
        FeedbackResponse.objects.create(event=event, usefulness=1, exchange=1, organisation=1)
    assert len(set(columns_of("events_feedbackresponse")["xmin"])) == 3


# Results -----------------------------------------------------------------------------------------


def answered(event, count, **changes):
    for number, person in enumerate(invited(event, count)):
        answer(person, values(1 + number % 5, **changes))


def test_four_answers_are_shown_to_nobody_and_five_are(client, event, host):
    client.force_login(host)
    answered(event, 4, take_away="Secret")
    page, export = (
        reverse("event_desk:feedback", args=[event.pk]),
        reverse("event_desk:feedback-export", args=[event.pk]),
    )

    def shown():
        file = b"".join(client.get(export).streaming_content).decode("utf-8-sig")
        return ["Secret" in client.get(page).content.decode(), "Secret" in file, len(file.splitlines())]

    assert shown() == [False, False, 1]
    assert (results(event).ratings, results(event).texts) == ((), ())
    answered(event, 1, take_away="Secret")
    assert shown() == [True, True, 1 + 3 * 5 + 5]


def test_question_with_four_texts_stays_closed_beside_one_with_five(event):
    people = invited(event, 5)
    for number, person in enumerate(people):
        answer(person, values(take_away=f"T{number}", improve="" if number == 0 else f"I{number}"))
    first, second = results(event).texts
    assert (sorted(first[1]), second[1]) == ([f"T{number}" for number in range(5)], ())


def test_texts_of_one_person_do_not_stand_in_the_same_place(event):
    people = invited(event, 12)
    for number, person in enumerate(people):
        answer(person, values(take_away=f"T{number}", improve=f"I{number}"))
    orders = set()
    for _round in range(5):
        (_label, first), (_other, second) = results(event).texts
        orders.add(tuple(text[1:] for text in first) == tuple(text[1:] for text in second))
    assert orders == {False}


def test_results_count_marks(event):
    for mark, person in zip((1, 4, 4, 5, 5), invited(event, 5), strict=True):
        answer(person, values(mark))
    rating = results(event).ratings[0]
    assert rating.mean == 3.8
    assert [(bar.value, bar.count, bar.percent) for bar in rating.bars] == [
        *((5, 2, 40), (4, 2, 40), (3, 0, 0), (2, 0, 0), (1, 1, 20))
    ]


def test_results_are_of_one_event(event):
    answered(event, 5)
    other = make_event(status="held")
    assert (results(event).answered, results(other).answered) == (5, 0)
