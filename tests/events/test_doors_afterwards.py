"""Who gets which page of check-in, certificates, feedback and drafts; reading any of them changes nothing."""

import pytest
from django.test import Client
from django.urls import reverse

from events.models import Attendance, EventPractice, FeedbackInvitation
from events.services.certifying import issue
from events.tokens import token_of
from tests.events.factories import make_event, make_registration, make_session
from tests.hub.test_methods import digests
from tests.hub.test_permissions import EVERYBODY, ROLES, expected, people, signed_in  # noqa: F401

pytestmark = pytest.mark.django_db

RUNS = "302 302 404 404 404 404 404 200 404 200"
"""Pages of the desk: coordinators of a network that hosts the event, administrators."""

DOES = "302 302 404 404 404 404 404 302 404 302"
"""What is sent to the desk: for those who run the event it is done, and leads to a page."""


@pytest.fixture
def records(people, settings, tmp_path):  # noqa: F811
    settings.MEDIA_ROOT = tmp_path
    event = make_event(networks=[people["network"]], status="held")
    session = make_session(event)
    registration = make_registration(event, state="attended")
    Attendance.objects.create(registration=registration, session=None, source="manual")
    FeedbackInvitation.objects.create(registration=registration)
    certificate = issue(registration, actor=people["admin"], printed=lambda certificate: b"%PDF-1.7")
    shown = EventPractice.objects.create(event=event, city=people["city"], title="Shown")
    return {"event": event, "session": session, "of": registration, "certificate": certificate, "shown": shown}


def desk(records):
    event = records["event"].pk
    return [
        reverse("event_desk:check-in", args=[event]),
        reverse("event_desk:check-in-session", args=[event, records["session"].pk]),
        reverse("event_desk:attendance", args=[event]),
        reverse("event_desk:certificates", args=[event]),
        reverse("event_desk:certificates-progress", args=[event]),
        reverse("event_desk:certificate-file", args=[event, records["certificate"].pk]),
        reverse("event_desk:feedback", args=[event]),
        reverse("event_desk:feedback-export", args=[event]),
        reverse("event_desk:practices", args=[event]),
    ]


def deeds(records):
    """(address, what is sent)."""
    event, registration = records["event"].pk, {"registration": records["of"].pk}
    return [
        (reverse("event_desk:check-in", args=[event]), registration),
        (reverse("event_desk:check-in-session", args=[event, records["session"].pk]), registration),
        (reverse("event_desk:attendance-store", args=[event]), {}),
        (reverse("event_desk:certificates-issue", args=[event]), {}),
        (
            reverse("event_desk:certificate-revoke", args=[event, records["certificate"].pk]),
            {f"certificate-{records['certificate'].pk}-reason": "Mistake"},
        ),
        (reverse("event_desk:feedback-ask", args=[event]), {}),
        (reverse("event_desk:draft-practice", args=[event, records["shown"].pk]), {}),
    ]


def linked(records):
    """Pages that a link opens, whoever has it."""
    one = records["of"]
    return [
        reverse("events:registration-code", args=[one.uid, token_of(one)]),
        reverse("events:registration-certificate", args=[one.uid, token_of(one)]),
        reverse("events:registration-certificate-file", args=[one.uid, token_of(one)]),
        reverse("events:check-in", args=[one.uid, token_of(one, "check-in")]),
        reverse("events:certificate-check", args=[records["certificate"].code]),
        reverse("events:feedback", args=[one.uid, token_of(one, "feedback")]),
    ]


@pytest.mark.parametrize("role", ROLES)
def test_desk_opens_for_those_who_run_the_event(client, people, records, role):  # noqa: F811
    signed_in(client, people, role)
    answers = {address: client.get(address).status_code for address in desk(records)}
    assert answers == dict.fromkeys(desk(records), expected(RUNS)[role])


@pytest.mark.parametrize("role", ROLES)
def test_desk_acts_for_those_who_run_the_event(client, people, records, role):  # noqa: F811
    signed_in(client, people, role)
    before = digests()
    answers = {address: client.post(address, sent).status_code for address, sent in deeds(records)}
    assert answers == dict.fromkeys(answers, expected(DOES)[role])
    assert (digests() != before) == (role in ("coordinator", "admin"))


@pytest.mark.parametrize("role", ROLES)
def test_links_open_for_whoever_has_them(client, people, records, role):  # noqa: F811
    signed_in(client, people, role)
    answers = {address: client.get(address).status_code for address in linked(records)}
    assert answers == dict.fromkeys(linked(records), expected(EVERYBODY)[role])


def test_links_with_another_secret_are_missing(client, records):
    wrong = [address.replace(token, "0" * 40) for address, token in _with_tokens(records)]
    assert [client.get(address).status_code for address in wrong] == [404] * 5


def _with_tokens(records):
    one = records["of"]
    tokens = [token_of(one, purpose) for purpose in ("manage", "check-in", "feedback")]
    return [(address, token) for address in linked(records) for token in tokens if token in address]


def test_reading_changes_nothing(client, people, records):  # noqa: F811
    client.force_login(people["admin"])
    before = digests()
    for _round in range(2):
        for address in (*desk(records), *linked(records)):
            assert client.get(address).status_code == 200
            assert client.head(address).status_code == 200
    assert digests() == before


def test_sending_without_a_token_changes_nothing(people, records):  # noqa: F811
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["admin"])
    before = digests()
    answers = [client.post(address, sent).status_code for address, sent in deeds(records)]
    answers += [client.post(address).status_code for address in linked(records)]
    assert {*answers} == {403}
    assert digests() == before
