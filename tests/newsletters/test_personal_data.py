"""A canary in every personal column of newsletters: the export shows all of them, the erasure leaves none."""

import json
import uuid

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse

from accounts import services as accounts
from common.languages import site_languages
from common.models import OutboxMail
from newsletters.addresses import address_hash
from newsletters.emails import confirm_key, preferences_key
from newsletters.models import (
    ConsentEvent,
    Delivery,
    DigestIssue,
    DigestItem,
    Edition,
    News,
    SavedSearch,
    Subscriber,
    Suppression,
)
from newsletters.personal_data import IMPERSONAL, PERSONAL
from newsletters.services.importing import import_addresses
from newsletters.services.interests import interest_for
from newsletters.services.subscribing import ask
from newsletters.wishes import Wishes
from tests.accounts.test_personal_data import holding
from tests.factories import make_person, make_practice
from tests.newsletters.factories import make_subscriber, make_subscription

pytestmark = pytest.mark.django_db
CANARY = "canary6137"
EMAIL = f"asa@{CANARY}.example"


@pytest.fixture
def person():
    """Gets a digest with all that can be left by it."""
    found = make_person(EMAIL, name="Asa")
    practice = make_practice()
    subscriber = make_subscriber(EMAIL, languages=["ro", "ar"], time_zone="Africa/Tunis", person=found)
    digest = make_subscription(subscriber, "practices", interest=interest_for([7], [8], ["ro"]))
    SavedSearch.objects.create(subscriber=subscriber, label=f"{CANARY} label", query=f"q={CANARY}")
    asked = ask(EMAIL, Wishes(languages=("ro",), events="daily", searches=((CANARY, "q=x"),)), language="ro")
    ConsentEvent.objects.filter(pk=asked.pk).update(note=f"{CANARY} note")
    news = News.objects.create(kind="new", practice=practice, at=practice.published_at)
    DigestItem.objects.create(subscription=digest, news=news)
    edition = Edition.objects.create(language="ro", subject="Rezumat", content_hash="1")
    issue = DigestIssue.objects.create(subscriber=subscriber, frequency="weekly", period="2027-W01", edition=edition)
    Delivery.objects.create(
        key=uuid.uuid4(), issue=issue, subscriber=subscriber, edition=edition, domain=subscriber.domain
    )
    LogEntry.objects.create(
        user=found,
        content_type=ContentType.objects.get_for_model(Subscriber),
        object_id=str(subscriber.pk),
        object_repr=EMAIL,
        action_flag=CHANGE,
    )
    return found


def base_name(name):
    """Translated columns count once."""
    stem, _underscore, language = name.rpartition("_")
    return stem if language in site_languages() else name


def holds_text(field):
    is_text = isinstance(field, models.CharField | models.TextField | models.JSONField | models.FileField)
    return is_text or isinstance(field, ArrayField)


def test_every_column_with_text_is_classified():
    found = {
        model.__name__: {base_name(field.name) for field in model._meta.fields if holds_text(field)}
        for model in apps.get_app_config("newsletters").get_models()
    }
    personal = {model.__name__: names for model, names in PERSONAL.items()}
    listed = {name: personal.get(name, set()) | IMPERSONAL.get(name, set()) for name in {*personal, *IMPERSONAL}}
    assert {name: names for name, names in found.items() if names} == listed
    assert [name for name in personal if personal[name] & IMPERSONAL.get(name, set())] == []


def test_export_holds_what_is_known(person):
    told = accounts.export_personal_data(person)["newsletters"]
    [subscriber] = told["subscribers"]
    assert (subscriber["email"], subscriber["languages"], subscriber["time_zone"]) == (
        EMAIL,
        ["ro", "ar"],
        "Africa/Tunis",
    )
    assert {(row["channel"], row["state"]) for row in told["subscriptions"]} == {
        ("newsletter", "active"),
        ("practices", "active"),
        ("events", "pending"),
    }
    assert [(row["label"], row["query"]) for row in told["saved_searches"]] == [(f"{CANARY} label", f"q={CANARY}")]
    assert [(row["action"], row["note"]) for row in told["consents"]] == [("asked", f"{CANARY} note")]
    assert [row["newsletter"] for row in told["mails"]] == ["Rezumat"]
    json.dumps(told)


def test_export_is_of_one_person_only(person):
    assert not any(accounts.export_personal_data(make_person("stranger@example.org"))["newsletters"].values())


def test_erase_leaves_no_personal_text_in_the_whole_database(person, client):
    before = holding(CANARY)
    client.post(reverse("newsletters:confirm", args=[confirm_key(ConsentEvent.objects.get())]))
    assert SavedSearch.objects.filter(label=CANARY).exists()
    assert ConsentEvent.objects.filter(action="confirmed").exclude(text="").exists()
    accounts.erase(person, person)
    assert {
        *("newsletters_subscriber", "newsletters_savedsearch", "newsletters_consentevent", "newsletters_delivery"),
        *("common_outboxmail", "django_admin_log"),
    } <= set(before)
    assert holding(CANARY) == []


def test_erase_takes_choices_away_and_keeps_the_proof(person, client):
    subscriber = Subscriber.objects.get()
    page = f"/en/newsletter/preferences/{preferences_key(subscriber)}/"
    accounts.erase(person, person)
    subscriber.refresh_from_db()
    assert (subscriber.languages, subscriber.time_zone, subscriber.person) == ([], "Europe/Brussels", None)
    assert set(subscriber.subscriptions.values_list("state", flat=True)) == {"erased"}
    assert {row.interest for row in subscriber.subscriptions.all() if row.interest} == {interest_for()}
    assert [row.action for row in subscriber.consents.all()] == ["asked", "erased"]
    assert [model.objects.count() for model in (DigestItem, DigestIssue, Delivery)] == [0, 0, 0]
    assert set(OutboxMail.objects.values_list("state", flat=True)) == {"cancelled"}
    assert client.get(page).status_code == 404


def test_erased_person_is_brought_back_by_no_import(person):
    accounts.erase(person, person)
    assert Suppression.objects.get().reason == "erased"
    root = make_person(is_superuser=True)
    outcome = import_addresses(EMAIL, network=None, language="en", source="An old list", actor=root)
    assert (outcome.asked, outcome.left_out) == (0, 1)
    assert holding(CANARY) == []


def test_erase_of_one_leaves_others_alone(person):
    accounts.erase(make_person("stranger@example.org"), actor=person)
    assert Subscriber.objects.get().email_hash == address_hash(EMAIL)
    assert SavedSearch.objects.count() == 1
