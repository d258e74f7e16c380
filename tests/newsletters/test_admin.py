"""Who sees subscribers in the administration, takes them away, and asks others."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from common.models import OutboxMail
from newsletters import keys
from newsletters.admin.subscribers import MOST_ERASED
from newsletters.admin.throttles import ThrottleForm
from newsletters.models import Subscriber, Subscription, Suppression, Throttle
from newsletters.services import forgetting, leaving, throttling
from tests.events.conftest import make_coordinator
from tests.factories import make_network, make_person
from tests.newsletters.factories import make_subscriber, make_subscription

pytestmark = pytest.mark.django_db
LIST = reverse("admin:newsletters_subscription_changelist")
IMPORT = reverse("admin:newsletters_subscription_import")
EXPORT = reverse("admin:newsletters_subscription_export")
LIMITS = reverse("admin:newsletters_throttle_changelist")


@pytest.fixture
def network():
    return make_network("nordic", name_en="Nordic cities")


@pytest.fixture
def coordinator(client, network):
    person = make_coordinator(network)
    client.force_login(person)
    return person


@pytest.fixture
def root(client):
    person = make_person("root@hub.example", is_superuser=True, is_staff=True)
    client.force_login(person)
    return person


@pytest.fixture
def readers(network):
    """Of the coordinator's newsletter, of others, and one who has left."""
    found = {
        "mine": make_subscriber("mine@city.example", newsletters=[network]),
        "hub": make_subscriber("hub@city.example"),
        "foreign": make_subscriber("foreign@city.example", newsletters=[make_network()]),
        "digest": make_subscriber("digest@city.example", newsletters=[]),
        "left": make_subscriber("left@city.example", newsletters=[network]),
    }
    make_subscription(found["digest"], "practices")
    found["left"].subscriptions.update(state="unsubscribed")
    return found


def named(page, readers):
    return {name for name, reader in readers.items() if reader.email in page}


def test_coordinator_sees_the_own_newsletters_readers_alone(client, coordinator, readers):
    assert named(client.get(LIST).content.decode(), readers) == {"mine"}
    assert named(client.get(LIST + "?q=city.example").content.decode(), readers) == {"mine"}


def test_coordinator_exports_no_row_more(client, coordinator, readers):
    response = client.post(EXPORT, {"kind": "csv"})
    told = b"".join(response.streaming_content).decode()
    assert named(told, readers) == {"mine"}
    assert "nordic" in told
    assert LogEntry.objects.filter(user=coordinator).count() == 1


def test_administrator_sees_all(client, root, readers):
    assert named(client.get(LIST).content.decode(), readers) == set(readers)


@pytest.mark.parametrize("lookup", ["subscriber__email__startswith=m", "subscriber__time_zone=Europe/Stockholm"])
def test_filter_in_the_address_finds_out_nothing_more(client, coordinator, readers, lookup):
    assert client.get(f"{LIST}?{lookup}").status_code == 400


def test_subscriber_is_for_administrators(client, coordinator, readers):
    address = reverse("admin:newsletters_subscriber_change", args=[readers["mine"].pk])
    assert client.get(address).status_code == 403
    row = readers["mine"].subscriptions.get()
    assert client.get(reverse("admin:newsletters_subscription_change", args=[row.pk])).status_code == 403
    assert client.get(reverse("admin:newsletters_suppression_changelist")).status_code == 403


def test_administrator_sees_the_proof_and_erases(client, root, readers):
    reader = readers["mine"]
    changelist = reverse("admin:newsletters_subscriber_changelist")
    chosen = {"action": "erase_chosen", "_selected_action": [reader.pk]}
    asked = client.post(changelist, chosen).content.decode()
    reader.refresh_from_db()
    assert (reader.email in asked, reader.email) == (True, "mine@city.example")

    client.post(changelist, chosen | {"confirmed": "1"})
    reader.refresh_from_db()
    assert reader.email is None
    assert reader.consents.get(action="erased").actor == root
    assert LogEntry.objects.get(object_id=str(reader.pk)).user == root
    page = client.get(reverse("admin:newsletters_subscriber_change", args=[reader.pk])).content.decode()
    assert "mine@city.example" not in page
    assert "erased" in page
    assert not LogEntry.objects.filter(object_repr__contains="mine@").exists()


def test_more_people_than_one_page_can_ask_about_are_not_erased(client, root, monkeypatch):
    monkeypatch.setattr("newsletters.admin.subscribers.MOST_ERASED", 2)
    changelist = reverse("admin:newsletters_subscriber_changelist")
    people = [make_subscriber() for _number in range(3)]
    chosen = {"action": "erase_chosen", "_selected_action": [people[0].pk], "select_across": "1", "index": "0"}

    for data in (chosen, chosen | {"confirmed": "1"}):
        page = client.post(changelist, data, follow=True).content.decode()
        assert "At most 2 people at a time: choose fewer. Nobody was erased." in page
    assert Subscriber.objects.filter(erased_at=None).count() == 3

    forgetting.erase(people[0], way="link")
    page = client.post(changelist, chosen | {"_selected_action": [people[1].pk]}).content.decode()
    assert sorted(map(int, re.findall(r'name="_selected_action" value="(\d+)"', page))) == [people[1].pk, people[2].pk]


def test_as_many_people_as_may_be_erased_can_be_asked_about():
    assert MOST_ERASED < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS


def test_list_asks_the_same_number_of_queries_for_many_rows(client, root, network):
    def count():
        with CaptureQueriesContext(connection) as found:
            client.get(LIST)
        return len(found)

    make_subscriber(newsletters=[network])
    count()
    few = count()
    for _number in range(3):
        make_subscriber(newsletters=[network])
    assert count() == few


# Asking others -----------------------------------------------------------------------------------


def test_coordinator_asks_people_from_a_file(client, coordinator, network):
    file = SimpleUploadedFile("people.csv", "email\nasa@city.example\nnobody\n".encode("utf-8-sig"))
    data = {"network": network.pk, "file": file, "language": "sv", "source": "Sign-up sheet, Lund, 3 May"}
    response = client.post(IMPORT, data, follow=True)
    page = response.content.decode()
    assert "1 person is asked by mail." in page
    assert "Line 3:" in page
    assert Subscription.objects.get().state == "pending"
    [told] = OutboxMail.objects.all()
    assert (told.recipient, told.language) == ("asa@city.example", "sv")
    assert "Sign-up sheet, Lund, 3 May" in told.text


def test_coordinator_cannot_ask_for_another_newsletter(client, coordinator):
    foreign = make_network()
    for network in (foreign.pk, ""):
        data = {"network": network, "pasted": "asa@city.example", "language": "sv", "source": "x"}
        response = client.post(IMPORT, data)
        assert (response.status_code, "network" in response.context["form"].errors) == (422, True)
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": ""}, "source"),
        ({"pasted": ""}, "pasted"),
        ({"pasted": "\n".join(f"reader-{number}@city.example" for number in range(501))}, "pasted"),
    ],
)
def test_import_that_will_not_do_is_refused_beside_the_field(client, coordinator, network, changes, field):
    data = {"network": network.pk, "pasted": "asa@city.example", "language": "sv", "source": "A list"}
    response = client.post(IMPORT, data | changes)
    assert (response.status_code, field in response.context["form"].errors) == (422, True)
    assert not OutboxMail.objects.exists()


def test_answer_is_the_same_for_who_is_there_waits_left_or_once_refused(client, coordinator, network):
    there, waits, left, erased, complained = (make_subscriber(newsletters=[network]) for _number in range(5))
    waits.subscriptions.update(state="pending")
    leaving.end(left, keys.scope_of_newsletter(network.pk), way="link")
    addresses = [one.email for one in (there, waits, left, erased, complained)]
    forgetting.erase(erased, way="link")
    Suppression.objects.create(email_hash=complained.email_hash, reason="complained", scope="all")

    answers = set()
    for address in addresses:
        data = {"network": network.pk, "pasted": address, "language": "sv", "source": "A list"}
        answers.add(tuple(str(told) for told in client.post(IMPORT, data, follow=True).context["messages"]))

    words = "1 address was left out: subscribed already, asked before, or not to be written to."
    assert answers == {("0 people are asked by mail.", words)}
    assert not OutboxMail.objects.filter(kind="newsletters/invited").exists()


def test_administrator_asks_for_the_hubs_own(client, root):
    client.post(IMPORT, {"network": "", "pasted": "asa@city.example", "language": "en", "source": "Congress"})
    assert Subscription.objects.get().network is None


# Suppressed addresses ----------------------------------------------------------------------------


def test_administrator_keeps_mail_from_an_address(client, root, readers):
    address = reverse("admin:newsletters_suppression_add")
    client.post(address, {"email": "Mine@city.example", "reason": "complained", "scope": "all"})
    kept = Suppression.objects.get()
    assert (kept.email_hash, kept.reason, kept.scope) == (readers["mine"].email_hash, "complained", "all")
    [row] = readers["mine"].subscriptions.all()
    assert row.state == "complained"
    ended = readers["mine"].consents.get(action="ended")
    assert (ended.actor, ended.channels) == (
        root,
        [{"channel": "newsletter", "network": row.network_id, "frequency": ""}],
    )
    assert not LogEntry.objects.filter(object_repr__contains="mine@").exists()


def test_import_of_what_is_no_list_is_refused_beside_the_field(client, root):
    response = client.post(IMPORT, {"pasted": f'"{"x" * 140_000}', "language": "en", "source": "A sheet"})
    assert (response.status_code, "pasted" in response.context["form"].errors) == (422, True)


def test_suppressed_address_is_found_by_typing_it(client, root, readers):
    Suppression.objects.create(email_hash=readers["mine"].email_hash, reason="bounced")
    Suppression.objects.create(email_hash="0" * 64, reason="bounced")
    address = reverse("admin:newsletters_suppression_changelist")
    assert client.get(address, {"q": " Mine@city.example"}).context["cl"].result_count == 1
    assert client.get(address, {"q": "other@city.example"}).context["cl"].result_count == 0
    assert client.get(address, {"q": "0000"}).context["cl"].result_count == 1


def test_newest_subscriptions_are_found_by_their_key(client, root, readers):
    Subscription.objects.filter(subscriber=readers["mine"]).update(state_at=timezone.now() + timedelta(days=1))
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("admin:newsletters_subscription_changelist"))
    shown = [row.pk for row in page.context["cl"].result_list]
    assert shown == sorted(shown, reverse=True)
    assert [
        query["sql"] for query in queries if 'ORDER BY "newsletters_subscription"."state_at"' in query["sql"]
    ] == []


def test_subscriptions_are_sorted_by_what_has_an_index(client, root, readers):
    page = client.get(LIST).content.decode()
    assert re.findall(r'class="(sortable )?column-(\w+)', page) == [
        ("sortable ", "address"),
        *[("", name) for name in ("channel", "network", "frequency", "state", "state_at", "paused_until")],
    ]


@pytest.mark.parametrize(
    ("name", "stored"), [(" City.Example ", "city.example"), ("*", "*"), ("xn--mller-kva.example", None)]
)
def test_administrator_limits_how_fast_mail_is_sent(client, root, name, stored):
    answer = client.post(LIMITS + "add/", {"name": name, "rate": "2.5", "burst": "10"})
    assert answer.status_code == 302
    limit = Throttle.objects.get()
    assert (limit.name, limit.rate, limit.burst) == (stored or name, 2.5, 10)
    assert throttling.take(limit.name, 5)[0] < 5


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "ada@city.example"}, "name"),
        ({"name": "*.example"}, "name"),
        ({"name": "city example"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "KNOWN.example"}, "name"),
        ({"rate": "0"}, "rate"),
        ({"rate": "NaN"}, "rate"),
        ({"burst": "0.5"}, "burst"),
    ],
)
def test_limit_that_is_none_is_refused_beside_its_field(client, root, values, field):
    Throttle.objects.create(name="known.example", rate=1, burst=1)
    answer = client.post(LIMITS + "add/", {"name": "city.example", "rate": "2", "burst": "5"} | values)
    assert list(answer.context["adminform"].form.errors) == [field]
    assert Throttle.objects.count() == 1


def test_changed_limit_keeps_the_tokens_that_workers_took_meanwhile(client, root, monkeypatch):
    limit = Throttle.objects.create(name="*", rate=1, burst=100, tokens=100)
    clean = ThrottleForm.clean_name

    def take_meanwhile(form):
        Throttle.objects.update(tokens=3)
        return clean(form)

    monkeypatch.setattr(ThrottleForm, "clean_name", take_meanwhile)
    client.post(f"{LIMITS}{limit.pk}/change/", {"name": "*", "rate": "7", "burst": "100"})
    limit.refresh_from_db()
    assert (limit.rate, limit.tokens) == (7, 3)


def test_limits_are_for_administrators(client, coordinator):
    limit = Throttle.objects.create(name="*", rate=1, burst=100)
    addresses = [LIMITS, f"{LIMITS}add/", f"{LIMITS}{limit.pk}/change/", f"{LIMITS}{limit.pk}/delete/"]
    assert [client.get(address).status_code for address in addresses] == [403] * 4


def test_suppressed_address_is_taken_away_by_nobody_here(client, root):
    kept = Suppression.objects.create(email_hash="0" * 64, reason="bounced")
    assert client.post(reverse("admin:newsletters_suppression_delete", args=[kept.pk])).status_code == 403
    assert client.get(reverse("admin:newsletters_suppression_change", args=[kept.pk])).status_code == 200
