"""A new address for a personal calendar: by its holder, after a question, and the old one shows nothing any more."""

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import translation

from common.models import OutboxMail
from events.calendars import personal_address
from events.services.personal_calendars import personal_calendar_of, renew_own_calendar
from events.tokens import token_of
from tests.events.factories import make_event, make_registration
from tests.factories import make_person
from tests.hub.test_methods import digests
from tests.hub.test_permissions import ROLES, people, signed_in  # noqa: F401

pytestmark = pytest.mark.django_db
EMAIL = "nora@example.org"


@pytest.fixture
def row():
    return make_registration(make_event(), EMAIL, language="sv")


@pytest.fixture
def calendar():
    return personal_calendar_of(EMAIL)


@pytest.fixture
def holder():
    person = make_person(EMAIL)
    EmailAddress.objects.update_or_create(user=person, email=EMAIL, defaults={"verified": True, "primary": True})
    return person


def page(row):
    return reverse("events:registration-calendar-new", args=[row.uid, token_of(row)])


def own_page(calendar):
    return reverse("event_desk:calendar", args=[calendar.pk])


def address_of(calendar):
    calendar.refresh_from_db()
    return personal_address(calendar).removeprefix("http://localhost:8000")


# By the link of a registration -------------------------------------------------------------------


def test_new_address_is_mailed_and_the_old_one_is_closed(client, row, calendar):
    old = address_of(calendar)
    assert client.get(old).status_code == 200
    answer = client.post(page(row), follow=True)
    new = address_of(calendar)
    assert [client.get(address).status_code for address in (old, new)] == [404, 200]
    mail = OutboxMail.objects.get(kind="events/my-calendar")
    with translation.override("sv"):
        assert address_of(calendar) in mail.text
    assert (mail.recipient, mail.is_secret) == (EMAIL, True)
    assert "The old address is closed." in answer.text
    assert (new in answer.text, old in answer.text) == (False, False)


def test_each_new_address_has_its_own_mail(client, row, calendar):
    for _time in range(2):
        client.post(page(row))
    assert OutboxMail.objects.filter(kind="events/my-calendar").count() == 2


def test_asking_shows_the_question_and_changes_nothing(client, row, calendar):
    before = digests()
    answer = client.get(page(row))
    assert (answer.status_code, client.head(page(row)).status_code) == (200, 200)
    assert "no-store" in answer["Cache-Control"]
    assert address_of(calendar) not in answer.text
    assert digests() == before


def test_own_page_leads_there_only_where_there_is_a_calendar(client, row):
    manage = reverse("events:manage", args=[row.uid, token_of(row)])
    assert page(row) not in client.get(manage).text
    assert client.get(page(row)).status_code == client.post(page(row)).status_code == 302
    personal_calendar_of(EMAIL)
    assert page(row) in client.get(manage).text
    assert not OutboxMail.objects.filter(kind="events/my-calendar").exists()


def test_too_many_at_once_are_refused(client, row, calendar, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"event_calendar": "1/d/key"}
    assert [client.post(page(row)).status_code for _time in range(2)] == [302, 429]
    calendar.refresh_from_db()
    assert calendar.token_version == 1


def test_link_with_another_secret_changes_nothing(client, row, calendar):
    wrong = [page(row).replace(token_of(row), token) for token in ("0" * 40, token_of(row, "calendar"))]
    assert [client.post(address).status_code for address in wrong] == [404, 404]
    calendar.refresh_from_db()
    assert calendar.token_version == 0


# In the workspace --------------------------------------------------------------------------------


def test_holder_sees_the_address_and_makes_a_new_one(client, holder, calendar):
    client.force_login(holder)
    assert own_page(calendar) in client.get(reverse("event_desk:mine")).text
    old = address_of(calendar)
    assert old in client.get(own_page(calendar)).text
    answer = client.post(own_page(calendar), follow=True)
    assert (address_of(calendar) in answer.text, old in answer.text) == (True, False)
    assert client.get(old).status_code == 404
    assert "no-store" in answer["Cache-Control"]


def test_address_that_was_not_shown_to_be_ones_own_opens_no_calendar(client, holder, calendar):
    EmailAddress.objects.update(verified=False)
    client.force_login(holder)
    assert own_page(calendar) not in client.get(reverse("event_desk:mine")).text
    assert client.post(own_page(calendar)).status_code == 404
    with pytest.raises(PermissionDenied):
        renew_own_calendar(calendar, actor=holder)
    calendar.refresh_from_db()
    assert calendar.token_version == 0


@pytest.mark.parametrize("role", ROLES)
def test_nobody_sees_or_renews_the_calendar_of_another(client, people, calendar, role):  # noqa: F811
    signed_in(client, people, role)
    promised = 302 if role in ("anon", "disabled") else 404
    assert [client.get(own_page(calendar)).status_code, client.post(own_page(calendar)).status_code] == [promised] * 2
    calendar.refresh_from_db()
    assert calendar.token_version == 0


def test_reading_changes_nothing_nor_does_a_form_without_a_token(row, holder, calendar):
    client = Client(enforce_csrf_checks=True)
    client.force_login(holder)
    before = digests()
    assert [client.get(own_page(calendar)).status_code for _round in range(2)] == [200, 200]
    assert [client.post(address).status_code for address in (own_page(calendar), page(row))] == [403, 403]
    assert digests() == before
