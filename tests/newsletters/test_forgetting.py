"""What goes by itself, and that no import brings back who left."""

from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.utils import timezone

from common.models import OutboxMail
from newsletters.emails import confirm_key
from newsletters.models import CONFIRM_WITHIN, ConsentEvent, SavedSearch, Subscriber, Suppression
from newsletters.services import forgetting, leaving, subscribing
from newsletters.services.importing import import_addresses, read_addresses
from newsletters.wishes import Wishes
from tests.factories import make_network, make_person
from tests.newsletters.factories import make_subscriber, make_subscription

pytestmark = pytest.mark.django_db
EMAIL = "asa@malmo.example"
DAY = timedelta(days=1)


def ask(email=EMAIL, **options):
    return subscribing.ask(email, Wishes(languages=("sv",), newsletters=(None,)), language="sv", **options)


def in_days(days):
    return timezone.now() + days * DAY


def kinds():
    return list(OutboxMail.objects.order_by("pk").values_list("kind", flat=True))


def test_request_is_recalled_once_after_two_days():
    asked = ask()
    counts = [forgetting.remind_unconfirmed(in_days(days)) for days in (1, 2.1, 2.2, 4)]
    assert counts == [0, 1, 0, 0]
    assert kinds() == ["newsletters/confirm", "newsletters/remind"]
    reminder = OutboxMail.objects.last()
    assert (reminder.language, confirm_key(asked) in reminder.text) == ("sv", True)


def test_request_is_not_recalled_where_all_mail_is_kept_away():
    asked = ask()
    Suppression.objects.create(email_hash=asked.subscriber.email_hash, reason="bounced", scope="all")
    forgetting.remind_unconfirmed(in_days(3))
    assert kinds() == ["newsletters/confirm"]


def test_confirmed_request_is_not_recalled():
    subscribing.confirm(ask())
    assert forgetting.remind_unconfirmed(in_days(3)) == 0


def test_person_asked_by_an_import_is_not_reminded():
    ask(way=ConsentEvent.Way.IMPORT)
    assert forgetting.remind_unconfirmed(in_days(3)) == 0


def test_unconfirmed_request_is_forgotten_with_its_address():
    ask()
    assert forgetting.expire_unconfirmed(in_days(6.9)) == 0
    assert forgetting.expire_unconfirmed(in_days(7.1)) == 1
    subscriber = Subscriber.objects.get()
    assert (subscriber.email, subscriber.domain, subscriber.languages) == (None, "", [])
    assert subscriber.subscriptions.get().state == "expired"
    assert not OutboxMail.objects.filter(recipient=EMAIL).exists()
    assert [(row.action, row.wishes) for row in ConsentEvent.objects.all()] == [("asked", {})]
    assert forgetting.expire_unconfirmed(in_days(8)) == 0


def test_unconfirmed_wish_of_a_subscriber_ends_nothing_that_is_sent():
    subscriber = make_subscriber(EMAIL)
    subscribing.ask(EMAIL, Wishes(languages=("sv",), events="daily"), language="sv")
    forgetting.expire_unconfirmed(in_days(8))
    subscriber.refresh_from_db()
    assert subscriber.email == EMAIL
    assert dict(subscriber.subscriptions.values_list("channel", "state")) == {
        "newsletter": "active",
        "events": "expired",
    }


def test_second_request_keeps_the_address_while_it_is_open():
    ask()
    ConsentEvent.objects.update(at=timezone.now() - CONFIRM_WITHIN)
    second = ask()
    assert forgetting.expire_unconfirmed() == 1
    assert Subscriber.objects.get().email == EMAIL
    assert subscribing.confirm(second)


def test_night_that_broke_off_is_made_up_for(monkeypatch):
    ask()
    with monkeypatch.context() as broken:
        broken.setattr(forgetting, "_forget", lambda subscriber: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            forgetting.expire_unconfirmed(in_days(8))
    assert forgetting.expire_unconfirmed(in_days(8)) == 1
    assert Subscriber.objects.get().email is None


def test_address_that_comes_back_unconfirmed_is_forgotten_after_a_week():
    subscriber = make_subscriber(EMAIL, created_at=in_days(-300))
    leaving.end(subscriber, 4, way="link")
    assert forgetting.forget_addresses(in_days(29)) == 1
    ask()
    forgetting.expire_unconfirmed(in_days(8))
    assert Subscriber.objects.get().email is None


def test_who_confirms_during_the_run_is_not_forgotten(monkeypatch):
    people = [make_subscriber(created_at=in_days(-300)) for _number in range(2)]
    for one in people:
        leaving.end(one, 4, way="link")
    forget = forgetting._forget

    def forget_while_others_confirm(subscriber):
        [other] = [one for one in people if one.pk != subscriber.pk]
        wishes = Wishes(languages=("sv",), newsletters=(None,))
        subscribing.confirm(subscribing.ask(other.email, wishes, language="sv"))
        forget(subscriber)

    monkeypatch.setattr(forgetting, "_forget", forget_while_others_confirm)
    assert forgetting.forget_addresses(in_days(29)) == 1
    assert Subscriber.objects.exclude(email=None).count() == 1


def test_forgotten_address_may_ask_again():
    ask()
    forgetting.expire_unconfirmed(in_days(8))
    assert subscribing.confirm(ask())
    subscriber = Subscriber.objects.get()
    assert (subscriber.email, subscriber.subscriptions.get().state) == (EMAIL, "active")


def test_address_goes_four_weeks_after_the_last_subscription_ended():
    subscriber = make_subscriber(EMAIL, created_at=in_days(-300))
    make_subscription(subscriber, "practices")
    SavedSearch.objects.create(subscriber=subscriber, label="One", query="q=1")
    leaving.end(subscriber, 0, way="link")
    assert forgetting.forget_addresses(in_days(27.9)) == 0
    assert forgetting.forget_addresses(in_days(28.1)) == 1
    subscriber.refresh_from_db()
    assert (subscriber.email, subscriber.languages, subscriber.saved_searches.count()) == (None, [], 0)
    assert [row.action for row in subscriber.consents.all()] == ["ended"]
    assert set(subscriber.subscriptions.values_list("state", flat=True)) == {"unsubscribed"}
    assert forgetting.forget_addresses(in_days(60)) == 0


@pytest.mark.parametrize("state", ["active", "paused", "pending"])
def test_address_stays_while_something_goes_there(state):
    subscriber = make_subscriber(created_at=in_days(-300), newsletters=[])
    long_ago = in_days(-200)
    values = {"state": state, "state_at": long_ago, "active_from": long_ago, "paused_until": long_ago}
    make_subscription(subscriber, **values)
    assert forgetting.forget_addresses() == 0


def test_night_that_fell_out_is_made_up_for():
    ask()
    assert forgetting.forget_all(in_days(40)) == {"reminded": 0, "expired": 1, "forgotten": 0}
    assert forgetting.forget_all(in_days(40)) == {"reminded": 0, "expired": 0, "forgotten": 0}


@pytest.mark.parametrize(("is_set", "warned"), [(True, []), (False, ["newsletters.W001"])])
def test_key_of_suppressed_addresses_is_asked_for_before_deployment(settings, is_set, warned):
    settings.ADDRESS_HASH_KEY_IS_SET = is_set
    found = run_checks(tags=["security"], include_deployment_checks=True)
    assert [one.id for one in found if one.id.startswith("newsletters.")] == warned


# Imports -----------------------------------------------------------------------------------------


@pytest.fixture
def root():
    return make_person(is_superuser=True)


def bring(text, actor, network=None):
    return import_addresses(text, network=network, language="en", source="Sign-up sheet in Lund", actor=actor)


def test_import_asks_and_subscribes_nobody(root):
    outcome = bring("email,language\nasa@malmo.example,sv\nola@malmo.example,xx\n", root)
    assert (outcome.asked, outcome.left_out, outcome.problems) == (2, 0, [])
    assert not Subscriber.objects.filter(subscriptions__state="active").exists()
    assert set(OutboxMail.objects.values_list("recipient", "language", "kind")) == {
        ("asa@malmo.example", "sv", "newsletters/invited"),
        ("ola@malmo.example", "en", "newsletters/invited"),
    }
    assert all("Sign-up sheet in Lund" in mail.text for mail in OutboxMail.objects.all())
    assert set(ConsentEvent.objects.values_list("way", "note", "actor")) == {
        ("import", "Sign-up sheet in Lund", root.pk)
    }


def test_import_of_who_gets_another_newsletter_says_where_the_address_came_from(root):
    make_subscriber(EMAIL, newsletters=[make_network()])
    bring(EMAIL, root)
    told = OutboxMail.objects.get()
    assert (told.kind, "Sign-up sheet in Lund" in told.text) == ("newsletters/invited", True)


def test_import_after_erasure_brings_nobody_back(root):
    forgetting.erase(make_subscriber(EMAIL), way="link")
    outcome = bring(f"{EMAIL}\n  {EMAIL.upper()} \n", root)
    assert (outcome.asked, outcome.left_out) == (0, 1)
    assert Subscriber.objects.get().email is None
    assert kinds() == []


def test_import_passes_over_who_left_complained_waits_or_is_subscribed(root):
    left, waits = make_subscriber(), make_subscriber()
    leaving.end(left, 4, way="link")
    waits.subscriptions.update(state="pending")
    complained = make_subscriber(newsletters=[])
    Suppression.objects.create(email_hash=complained.email_hash, reason="complained")
    text = "\n".join(one.email for one in (left, waits, complained, make_subscriber()))
    outcome = bring(text, root)
    assert (outcome.asked, outcome.left_out) == (0, 4)


def test_import_twice_asks_once(root):
    outcomes = [bring(EMAIL, root) for _time in range(2)]
    assert [(one.asked, one.left_out) for one in outcomes] == [(1, 0), (0, 1)]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("a@b.example", ["a@b.example"]),
        ("Name;E-Mail\nÅsa;asa@b.example\n", ["asa@b.example"]),
        ('"Ek, Åsa",asa@b.example', []),
        ("email\tlanguage\na@b.example\tsv", ["a@b.example"]),
        ("\n\na@b.example\r\n", ["a@b.example"]),
        ("", []),
    ],
)
def test_addresses_are_found_in_files_as_people_have_them(text, addresses):
    found, _problems = read_addresses(text, "en")
    assert [address for address, _language in found] == addresses


def test_line_that_is_no_address_is_named(root):
    outcome = bring("email\nnobody\na@b.example", root)
    assert (outcome.asked, [line for line, _problem in outcome.problems]) == (1, [2])


def test_foreign_newsletter_is_refused():
    from django.core.exceptions import PermissionDenied

    with pytest.raises(PermissionDenied):
        bring(EMAIL, make_person(), make_network())
    with pytest.raises(PermissionDenied):
        bring(EMAIL, make_person())
    assert not Subscriber.objects.exists()
