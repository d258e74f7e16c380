"""The unsubscribe button of mail programs (RFC 8058), and what a key ends."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from newsletters import keys
from newsletters.keys import key_of
from newsletters.models import ConsentEvent, Subscription
from newsletters.services import forgetting, subscribing
from tests.factories import make_network
from tests.newsletters.factories import make_subscriber, make_subscription

pytestmark = pytest.mark.django_db
BODY = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
MULTIPART = (
    '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
    "multipart/form-data; boundary=x",
)


def address(subscriber, scope=keys.EVERYTHING):
    return reverse("newsletters_plain:one-click", args=[key_of(subscriber.uid, subscriber.token_version, scope)])


def press(path, body=BODY, content_type=FORM):
    """As mail programs do: no cookie, no token, no origin."""
    return Client(enforce_csrf_checks=True).post(path, body, content_type=content_type)


def receiving(subscriber):
    return set(subscriber.subscriptions.receiving().values_list("channel", "network"))


@pytest.fixture
def network():
    return make_network()


@pytest.fixture
def subscriber(network):
    found = make_subscriber(newsletters=[None, network])
    make_subscription(found, "practices")
    make_subscription(found, "events")
    return found


def test_address_has_no_language(subscriber):
    assert address(subscriber).startswith("/newsletter/one-click/")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (BODY, FORM),
        (BODY, f"{FORM}; charset=utf-8"),
        (BODY, f"{FORM}; charset=ISO-8859-1"),
        (BODY, f'{FORM}; charset="no-such-charset"'),
        (BODY + "\r\n", FORM),
        MULTIPART,
        (MULTIPART[0], 'multipart/form-data; boundary="x"; charset=utf-8'),
    ],
)
def test_button_ends_at_once_without_cookie_or_token(subscriber, body, content_type):
    response = press(address(subscriber), body, content_type)
    assert (response.status_code, response.content, response.cookies) == (200, b"", {})
    assert receiving(subscriber) == set()
    [consent] = subscriber.consents.all()
    assert (consent.action, consent.way, len(consent.channels)) == ("ended", "one-click", 4)


def test_button_pressed_again_is_answered_the_same(subscriber):
    assert [press(address(subscriber)).status_code for _time in range(3)] == [200, 200, 200]
    assert subscriber.consents.count() == 1


@pytest.mark.parametrize("body", ["", "List-Unsubscribe=No", "x" * 100, "One-Click"])
def test_post_that_is_no_button_ends_nothing(subscriber, body):
    assert press(address(subscriber), body).status_code == 400
    assert len(receiving(subscriber)) == 4


HEADERS = 'name="List-Unsubscribe"\r\n' + "x: y\r\n" * 1000


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (HEADERS, MULTIPART[1]),
        (HEADERS + "\r\nOne-Clic", MULTIPART[1]),
        ("&".join(f"a{number}=1" for number in range(60)), FORM),
        (f"{BODY}&x={'y' * 10_000}", FORM),
    ],
)
def test_body_made_to_hurt_is_refused_at_once(subscriber, body, content_type):
    before = time.process_time()
    assert press(address(subscriber), body, content_type).status_code == 400
    assert time.process_time() - before < 2
    assert len(receiving(subscriber)) == 4


def test_wrong_key_is_not_found_whatever_the_body_says(subscriber):
    path = reverse("newsletters_plain:one-click", args=[key_of(subscriber.uid, 7)])
    assert press(path, "x").status_code == 404


@pytest.mark.parametrize("place", [0, 10, 21, 25, 42])
def test_key_changed_in_one_letter_is_not_found_and_leads_nowhere(subscriber, place):
    path = address(subscriber)
    at = len("/newsletter/one-click/") + place
    response = press(path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1 :])
    assert (response.status_code, response.headers.get("Location")) == (404, None)
    assert len(receiving(subscriber)) == 4


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_address_leads_to_the_own_page_and_ends_nothing(subscriber, method):
    for _time in range(3):
        response = getattr(Client(), method)(address(subscriber))
        assert response.status_code == 302
    key = key_of(subscriber.uid, 0)
    assert response["Location"] == f"/en/newsletter/preferences/{key}/"
    assert getattr(Client(), method)(response["Location"]).status_code == 200
    assert len(receiving(subscriber)) == 4
    assert not ConsentEvent.objects.exists()


def test_key_says_what_ends(subscriber, network):
    one_by_one = [
        (keys.scope_of_newsletter(network.pk), {("newsletter", None), ("practices", None), ("events", None)}),
        (keys.HUB_NEWSLETTER, {("practices", None), ("events", None)}),
        (keys.PRACTICES, {("events", None)}),
        (keys.DIGESTS, set()),
    ]
    for scope, left in one_by_one:
        assert press(address(subscriber, scope)).status_code == 200
        assert receiving(subscriber) == left


def test_paused_and_waiting_ones_end_too(subscriber):
    subscriber.subscriptions.filter(channel="events").update(state="pending")
    press(address(subscriber))
    assert set(subscriber.subscriptions.values_list("state", flat=True)) == {"unsubscribed"}


def test_bounced_ones_stay_what_they_are(subscriber):
    subscriber.subscriptions.update(state=Subscription.State.BOUNCED)
    assert press(address(subscriber)).status_code == 200
    assert set(subscriber.subscriptions.values_list("state", flat=True)) == {"bounced"}


def test_button_in_a_mail_to_somebody_forgotten_is_answered_kindly(subscriber):
    path = address(subscriber)
    forgetting.erase(subscriber, way="link")
    assert press(path).status_code == 200
    assert Client().get(path).status_code == 404


def test_button_in_the_mailbox_that_was_left_does_not_end_what_goes_elsewhere(subscriber):
    path = address(subscriber)
    subscribing.ask_for_address(subscriber, "new@city.example", language="en")
    subscribing.confirm(ConsentEvent.objects.get())
    assert press(path).status_code == 200
    assert len(receiving(subscriber)) == 4


def test_digest_of_another_person_stays(subscriber):
    other = make_subscriber()
    press(address(subscriber))
    assert receiving(other) == {("newsletter", None)}
