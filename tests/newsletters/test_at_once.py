"""Several at the same moment: one person, one subscription, one yes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from newsletters.emails import confirm_key
from newsletters.models import ConsentEvent, Interest, Subscriber, Subscription, Suppression
from newsletters.services.interests import interest_for
from newsletters.services.subscribing import ask
from newsletters.services.tidying import forget_interests
from newsletters.wishes import Wishes
from tests.newsletters.factories import make_subscriber
from tests.newsletters.test_leaving import BODY, FORM, address

pytestmark = pytest.mark.django_db(transaction=True)
TYPED = {"newsletters": ["hub"], "events": "daily", "language_1": "en", "time_zone": "Europe/Stockholm"}


def at_once(act, *inputs):
    """What each of the calls returned, in threads with a connection of their own."""

    def run(value):
        try:
            return act(value)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(inputs)) as threads:
        return list(threads.map(run, inputs))


def test_same_address_asked_at_once_is_one_subscriber(settings, monkeypatch):
    monkeypatch.setattr("newsletters.views.subscribing.LEAST_SECONDS", 0)
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"newsletter_request": "1000/m/ip"}
    spellings = ["asa@city.example", "Asa@city.example", " ASA@CITY.example"] * 3
    answers = at_once(lambda email: Client().post("/en/newsletter/", TYPED | {"email": email}).status_code, *spellings)
    assert set(answers) == {302}
    assert Subscriber.objects.count() == 1
    assert Subscription.objects.count() == 2
    assert ConsentEvent.objects.count() == 9


def test_button_pressed_in_many_tabs_counts_once():
    asked = ask("asa@city.example", Wishes(languages=("en",), events="daily"), language="en")
    link = reverse("newsletters:confirm", args=[confirm_key(asked)])
    answers = at_once(lambda _tab: Client().post(link).status_code, *range(8))
    assert set(answers) <= {200, 302}
    assert ConsentEvent.objects.filter(action="confirmed").count() == 1
    assert Subscription.objects.get().state == "active"


def test_unsubscribe_button_of_several_programs_counts_once():
    subscriber = make_subscriber()
    path = address(subscriber)
    answers = at_once(lambda _program: Client().post(path, BODY, content_type=FORM).status_code, *range(8))
    assert set(answers) == {200}
    assert ConsentEvent.objects.filter(action="ended").count() == 1
    assert Suppression.objects.count() == 1


def test_choice_that_is_being_made_is_not_deleted_in_that_moment():
    old = interest_for(themes=[17])
    with transaction.atomic():
        interest = interest_for(themes=[17])
        assert at_once(lambda _worker: forget_interests(), 1) == [0]
        reader = make_subscriber()
        Subscription.objects.create(subscriber=reader, channel="events", frequency="weekly", interest=interest)
    assert forget_interests() == 0
    Subscription.objects.all().delete()
    assert forget_interests() == 1
    assert not Interest.objects.filter(pk=old.pk).exists()
