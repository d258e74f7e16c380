"""A canary in every personal column: the export shows all of them, the erasure leaves none."""

import json
from datetime import UTC, datetime

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client

from accounts import personal_data, services
from accounts.models import AccountRequest, Invitation, User
from accounts.personal_data import IMPERSONAL, PERSONAL, SECRET
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db

CANARY = "canary7351"
EMAIL = f"{CANARY}@malmo.example"
CHOSEN = {
    "language": "ro",
    "mail_preference": "daily",
    "time_zone": "Africa/Tunis",
    "last_login": datetime(2021, 3, 4, tzinfo=UTC),
    "date_joined": datetime(2021, 3, 5, tzinfo=UTC),
    "email": EMAIL,
    "password": f"{CANARY} hash",
}


def values_of(model):
    """A recognisable value for every personal column; free text carries the canary and the column's name."""
    return {name: CHOSEN.get(name, f"{CANARY} {name}") for name in PERSONAL[model]}


@pytest.fixture
def canary():
    user = User.objects.create_user(EMAIL, PASSWORD)
    User.objects.filter(pk=user.pk).update(**values_of(User))
    invitation = Invitation.objects.create(token_hash="1", accepted_by=user, **values_of(Invitation))
    AccountRequest.objects.create(token_hash="2", invitation=invitation, state="approved", **values_of(AccountRequest))
    Authenticator.objects.create(user=user, type="totp", data={"secret": CANARY})
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=CANARY,
        action_flag=CHANGE,
    )
    user.refresh_from_db()
    return user


def columns(model):
    return {field.name for field in (*model._meta.fields, *model._meta.many_to_many)}


def database():
    """All rows of all tables, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            yield from ((table, row) for (row,) in cursor.fetchall())


def holding(text):
    return sorted({table for table, row in database() if text in row})


def test_every_column_is_classified():
    models = {model for model in apps.get_app_config("accounts").get_models() if not model._meta.auto_created}

    assert set(PERSONAL) == set(IMPERSONAL) == models
    assert {model: PERSONAL[model] | IMPERSONAL[model] for model in models} == {
        model: columns(model) for model in models
    }
    assert [PERSONAL[model] & IMPERSONAL[model] for model in models] == [set()] * len(models)


def test_export_holds_every_personal_column(canary):
    data = services.export_personal_data(canary)["accounts"]

    shown = {
        User: data["account"],
        Invitation: data["invitations"][0],
        AccountRequest: data["account_requests"][0],
    }
    for model, record in shown.items():
        expected = {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in values_of(model).items()
            if name not in SECRET
        }
        assert record == expected
    assert data["email_addresses"] == [{"email": EMAIL, "verified": True}]
    assert [factor["type"] for factor in data["second_factors"]] == ["totp"]


def test_export_is_of_one_person_only(canary, person):
    assert CANARY not in json.dumps(services.export_personal_data(person))


def test_erase_leaves_no_personal_text_in_the_whole_database(canary):
    before = holding(CANARY)

    services.erase(canary, canary)

    assert before == [
        "account_emailaddress",
        "accounts_accountrequest",
        "accounts_invitation",
        "accounts_user",
        "django_admin_log",
        "mfa_authenticator",
    ]
    assert holding(CANARY) == []


def test_erase_changes_every_personal_column(canary):
    before = {model: model.objects.values(*PERSONAL[model]).get() for model in PERSONAL}

    services.erase(canary, canary)

    after = {model: model.objects.values(*PERSONAL[model]).get() for model in PERSONAL}
    kept = {
        (model, name) for model in PERSONAL for name in PERSONAL[model] if before[model][name] == after[model][name]
    }
    assert kept == set()


def test_erase_keeps_the_records(canary):
    user = services.erase(canary, canary)

    assert Invitation.objects.get().accepted_by == user
    assert AccountRequest.objects.get().domain_label == ""
    assert str(user) == "Former member"


def test_erase_ends_the_account(canary, sign_in, admin_person):
    User.objects.filter(pk=canary.pk).update(is_staff=True, is_superuser=True)
    canary.set_password(PASSWORD)
    canary.save(update_fields=["password"])
    browser = Client()
    browser.force_login(canary)

    user = services.erase(canary, canary)

    assert browser.get("/en/accounts/me/").status_code == 302
    assert [sign_in(email).status_code for email in (EMAIL, user.email)] == [422, 422]
    assert (user.is_active, user.is_staff, user.is_superuser, user.has_usable_password()) == (False,) * 4


def test_erase_closes_what_was_open(admin_person, person):
    services.invite(person.email, "sv", admin_person)
    AccountRequest.objects.create(email=person.email, name="Anna", token_hash="3")

    services.erase(person, person)

    assert Invitation.objects.open().count() == 0
    assert list(AccountRequest.objects.values_list("email", "name", "state")) == [("", "", "refused")]


def test_upper_apps_take_part(person):
    erased = []
    personal_data.register("notes", collect=lambda user: [user.email], erase=lambda user: erased.append(user.email))
    try:
        data = services.export_personal_data(person)
        services.erase(person, person)
    finally:
        personal_data.unregister("notes")

    assert list(data) == ["accounts", "networks", "practices", "events", "newsletters", "notes"]
    assert (data["notes"], erased) == ([person.email], [person.email])


def test_data_page_downloads_by_post_only(client, person):
    client.force_login(person)

    refused = client.get("/en/accounts/me/data.json")
    response = client.post("/en/accounts/me/data.json")

    assert refused.status_code == 405
    assert json.loads(response.content) == json.loads(json.dumps(services.export_personal_data(person)))
    assert response["Content-Disposition"] == 'attachment; filename="personal-data.json"'
    assert "no-store" in response["Cache-Control"]


def test_erase_page_asks_for_the_password(client, person):
    client.force_login(person)

    opened = client.get("/en/accounts/me/erase/")
    wrong = client.post("/en/accounts/me/erase/", {"password": "wrong"})
    still_there = User.objects.get().erased_at is None
    right = client.post("/en/accounts/me/erase/", {"password": PASSWORD})

    assert [opened.status_code, wrong.status_code, right.status_code] == [200, 422, 200]
    assert (still_there, User.objects.get().erased_at is None) == (True, False)


def test_erase_of_the_last_administrator_is_refused_with_the_reason(client, admin_person):
    client.force_login(admin_person)

    refused = client.post("/sv/accounts/me/erase/", {"password": PASSWORD})
    second = User.objects.create_superuser("second@example.org", PASSWORD)
    done = client.post("/sv/accounts/me/erase/", {"password": PASSWORD})

    assert (refused.status_code, done.status_code) == (422, 200)
    assert "Ingen annan administrerar plattformen." in refused.content.decode()
    assert list(User.objects.filter(is_superuser=True)) == [second]


def test_erase_page_limits_guesses(client, person):
    client.force_login(person)

    statuses = [client.post("/en/accounts/me/erase/", {"password": "wrong"}).status_code for _ in range(11)]

    assert statuses == [422] * 10 + [429]
