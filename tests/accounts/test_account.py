import pytest
from django.core import mail
from django.test import Client

from accounts import services
from accounts.models import User
from tests.accounts.conftest import PASSWORD

ME = "/en/accounts/me/"
PROFILE = {"name": "Anna Ek", "language": "ar", "mail_preference": "daily", "time_zone": "Africa/Tunis"}

pytestmark = pytest.mark.django_db


def browser_of(user):
    client = Client()
    client.force_login(user)
    return client


def is_signed_in(client):
    return client.get(ME).status_code == 200


@pytest.mark.parametrize("path", ["me/", "me/data/", "me/erase/", "password/change/", "second-factor/"])
def test_own_pages_are_for_people_signed_in(client, path):
    response = client.get(f"/sv/accounts/{path}")

    assert (response.status_code, response["Location"]) == (
        302,
        f"/sv/accounts/login/?next=/sv/accounts/{path}",
    )


@pytest.mark.parametrize("path", ["me/", "me/data/", "me/erase/", "password/change/", "second-factor/"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_own_pages_are_kept_by_no_cache(client, person, path, language):
    client.force_login(person)

    response = client.get(f"/{language}/accounts/{path}")

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in response.content.decode()


def test_me_saves_and_answers_in_the_new_language(client, person):
    client.force_login(person)

    response = client.post(ME, PROFILE)

    person.refresh_from_db()
    assert response["Location"] == "/ar/accounts/me/"
    assert {name: getattr(person, name) for name in PROFILE} == PROFILE


def test_me_never_changes_rights_or_address(client, person):
    client.force_login(person)

    client.post(ME, PROFILE | {"is_staff": "on", "is_superuser": "on", "email": "other@malmo.example"})

    person.refresh_from_db()
    assert (person.is_staff, person.is_superuser, person.email) == (False, False, "anna@malmo.example")


@pytest.mark.parametrize("wrong", [{"language": "xx"}, {"time_zone": "Mars/Base"}, {"name": "x" * 151}])
def test_me_refuses_what_it_does_not_know(client, person, wrong):
    client.force_login(person)

    response = client.post(ME, PROFILE | wrong)

    assert (response.status_code, list(response.context["form"].errors)) == (422, list(wrong))


def test_end_sessions_ends_them_all_at_once(person, admin_person, django_assert_num_queries):
    browsers = [browser_of(person), browser_of(person)]
    other = browser_of(admin_person)
    before = [is_signed_in(browser) for browser in [*browsers, other]]

    with django_assert_num_queries(1):
        services.end_sessions(person)

    assert before == [True, True, True]
    assert [is_signed_in(browser) for browser in [*browsers, other]] == [False, False, True]


def test_sign_out_everywhere_includes_this_device(person):
    here, there = browser_of(person), browser_of(person)

    here.get("/en/accounts/me/sign-out-everywhere/")
    after_get = is_signed_in(there)
    here.post("/en/accounts/me/sign-out-everywhere/")

    assert after_get
    assert [is_signed_in(here), is_signed_in(there)] == [False, False]


def test_password_change_ends_other_sessions_and_is_told_by_mail(person):
    here, there = browser_of(person), browser_of(person)
    new = "another unusual password"

    here.post("/en/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert [is_signed_in(here), is_signed_in(there)] == [True, False]
    assert [message.to for message in mail.outbox] == [[person.email]]


def test_sessions_outlive_a_new_secret_key(person, settings):
    browser = browser_of(person)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key that replaces the one before it"

    assert is_signed_in(browser)


def test_disabled_person_is_out_with_the_next_request(person):
    browser = browser_of(person)
    User.objects.filter(pk=person.pk).update(is_active=False)

    assert not is_signed_in(browser)


def test_admin_taking_rights_away_ends_sessions(admin_person):
    staff = User.objects.create_user("staff@hub.example", PASSWORD, is_staff=True)
    browser = browser_of(staff)
    form = {"email": staff.email, "language": "en", "mail_preference": "daily", "is_active": "on"}

    response = browser_of(admin_person).post(
        f"/admin/accounts/user/{staff.pk}/change/",
        form | {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"},
    )

    assert response.status_code == 302
    assert not is_signed_in(browser)


def test_admin_changing_an_address_changes_the_sign_in(person, admin_person, sign_in):
    services.change_email(person, "Anna.Ek@malmo.example", actor=admin_person)

    assert sign_in("anna@malmo.example").status_code == 422
    assert sign_in("anna.ek@malmo.example").status_code == 302


def rights_of(person, **rights):
    """The admin's form of a person, as a browser sends it."""
    data = {"email": person.email, "name": "", "language": "en", "mail_preference": "at-once", "time_zone": ""}
    data |= {"date_joined_0": "2026-01-01", "date_joined_1": "12:00:00", "mail_preference": person.mail_preference}
    return data | {name: "on" for name, held in rights.items() if held}


def test_admin_last_administrator_cannot_give_up_the_rights(client, admin_person):
    client.force_login(admin_person)
    page = f"/admin/accounts/user/{admin_person.pk}/change/"

    without_rights = client.post(page, rights_of(admin_person, is_active=True, is_staff=True))
    inactive = client.post(page, rights_of(admin_person, is_superuser=True, is_staff=True))
    deleted = client.post(f"/admin/accounts/user/{admin_person.pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [admin_person.pk], "post": "yes"}
    client.post("/admin/accounts/user/", chosen)

    for refused in (without_rights, inactive, deleted):
        assert (refused.status_code, "Nobody else administers the platform." in refused.content.decode()) == (
            200,
            True,
        )
    admin_person.refresh_from_db()
    assert (admin_person.is_active, admin_person.is_superuser) == (True, True)


def test_admin_one_of_two_administrators_can_go(client, admin_person):
    second = User.objects.create_superuser("second@hub.example", "a long and unusual password")
    client.force_login(admin_person)

    client.post(f"/admin/accounts/user/{second.pk}/change/", rights_of(second, is_active=True, is_staff=True))
    kept = client.post(f"/admin/accounts/user/{second.pk}/delete/", {"post": "yes"})

    assert kept.status_code == 302
    assert list(User.objects.filter(is_superuser=True)) == [admin_person]
