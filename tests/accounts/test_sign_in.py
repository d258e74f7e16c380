from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.core.cache import caches

from accounts.models import User
from tests.accounts.conftest import PASSWORD, body_of, only_link

LOGIN = "/en/accounts/login/"
RESET = "/en/accounts/password/reset/"

pytestmark = pytest.mark.django_db


def test_login_by_address_and_password_leads_to_the_desk(client, person, sign_in):
    response = sign_in("Anna@Malmo.example", path="/sv/accounts/login/")

    assert (response.status_code, response["Location"]) == (302, "/sv/workspace/")
    assert client.session["_auth_user_id"] == str(person.pk)


def test_login_follows_next_inside_the_site_only(person, sign_in, client):
    inside = client.post(LOGIN, {"login": person.email, "password": PASSWORD, "next": "/en/cities/"})
    client.post("/en/accounts/logout/")
    outside = client.post(LOGIN, {"login": person.email, "password": PASSWORD, "next": "https://evil.example/"})

    assert (inside["Location"], outside["Location"]) == ("/en/cities/", "/en/workspace/")


def test_login_answers_alike_for_known_and_unknown_addresses(person, sign_in):
    known = sign_in(person.email, "wrong")
    unknown = sign_in("nobody@malmo.example", "wrong")

    assert (known.status_code, unknown.status_code) == (422, 422)
    assert body_of(known) == body_of(unknown).replace("nobody@", "anna@")


def test_login_refused_form_names_the_error(sign_in):
    html = sign_in("", "").content.decode()

    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_login_error"' in html
    assert '<ul class="errorlist" id="id_login_error">' in html


def test_login_of_a_disabled_person_is_refused(client, person, sign_in):
    User.objects.filter(pk=person.pk).update(is_active=False)

    sign_in(person.email)

    assert "_auth_user_id" not in client.session


def test_login_after_five_wrong_passwords_is_limited(person, sign_in):
    tries = [sign_in(person.email.upper() if number % 2 else person.email, "wrong") for number in range(5)]
    limited = sign_in(person.email, PASSWORD, path="/sv/accounts/login/", headers={"X-Forwarded-For": "203.0.113.9"})

    assert [response.status_code for response in tries] == [422] * 5
    assert limited.status_code == 429
    assert 295 <= int(limited["Retry-After"]) <= 300
    assert "Vänta 5\xa0minuter och försök igen." in limited.content.decode()
    assert '<html lang="sv"' in limited.content.decode()


def test_login_tells_how_long_to_wait_since_the_first_try(person, sign_in):
    start = datetime.now(UTC)
    with time_machine.travel(start, tick=False):
        sign_in(person.email, "wrong")
    with time_machine.travel(start + timedelta(seconds=200), tick=False):
        [*_tries, limited] = [sign_in(person.email, "wrong") for _ in range(5)]

    assert (limited.status_code, limited["Retry-After"]) == (429, "100")
    assert "Please wait 2\xa0minutes and try again." in limited.content.decode()


def test_login_is_open_again_when_the_period_is_over(person, sign_in):
    for _ in range(6):
        sign_in(person.email, "wrong")
    with time_machine.travel("2090-01-01"):
        assert sign_in(person.email).status_code == 302


def test_login_limit_by_address_of_the_visitor_ignores_what_the_visitor_claims(sign_in):
    statuses = [
        sign_in(f"someone{number}@x.example", "wrong", headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(21)
    ]

    assert statuses == [422] * 20 + [429]


def test_login_limit_counts_by_the_address_that_the_proxy_sets(sign_in, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    statuses = [
        sign_in(f"someone{n}@x.example", "wrong", headers={"X-Forwarded-For": f"1.1.1.{n}, 203.0.113.7"}).status_code
        for n in range(21)
    ]

    assert statuses == [422] * 20 + [429]


def test_login_without_the_limit_store_is_closed(client, person, sign_in, settings):
    settings.CACHES = settings.CACHES | {"limits": settings.CACHES["limits"] | {"LOCATION": "redis://127.0.0.1:1/0"}}

    response = sign_in(person.email)

    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "_auth_user_id" not in client.session
    assert client.get(LOGIN).status_code == 200


def test_limits_are_kept_where_all_processes_see_them(person, sign_in):
    sign_in(person.email, "wrong")

    keys = caches["limits"]._cache.get_client().keys(f"{caches['limits'].key_prefix}*")

    assert keys != []


def test_sign_up_is_closed(client):
    response = client.get("/en/accounts/signup/")

    assert (response.status_code, response["Location"]) == (302, "/en/accounts/request/")


@pytest.mark.parametrize("path", ["email/", "login/code/", "signup/passkey/", "phone/change/"])
def test_pages_of_allauth_that_the_hub_does_not_use_are_not_there(client, path):
    assert client.get(f"/en/accounts/{path}").status_code == 404


def test_admin_uses_the_same_login(client, person, sign_in):
    anonymous = client.get("/admin/", follow=True)
    posted = client.post("/admin/login/?next=/admin/", {"username": person.email, "password": PASSWORD})
    sign_in(person.email)
    not_staff = client.get("/admin/login/?next=/admin/")

    assert anonymous.redirect_chain[-1][0] == "/en/accounts/login/?next=%2Fadmin%2F"
    assert posted["Location"] == "/en/accounts/login/?next=%2Fadmin%2F"
    assert not_staff.status_code == 403


def test_admin_login_never_leads_away(client, admin_person):
    client.force_login(admin_person)

    assert client.get("/admin/login/?next=https://evil.example/")["Location"] == "/admin/"


def test_reset_answers_alike_for_known_and_unknown_addresses(client, person):
    known = client.post(RESET, {"email": person.email}, follow=True)
    unknown = client.post(RESET, {"email": "nobody@malmo.example"}, follow=True)

    assert (known.status_code, known.redirect_chain) == (unknown.status_code, unknown.redirect_chain)
    assert body_of(known) == body_of(unknown)
    assert [message.to for message in mail.outbox] == [[person.email], ["nobody@malmo.example"]]


def test_reset_mail_is_in_the_language_of_its_reader(client, person):
    client.post("/ar/accounts/password/reset/", {"email": person.email}, headers={"Host": "localhost"})

    assert only_link().startswith("/sv/accounts/password/reset/key/")


def test_reset_link_sets_the_password_once(client, person):
    client.post(RESET, {"email": person.email})
    link = only_link()

    form = client.get(link)
    assert form["Referrer-Policy"] == "strict-origin"
    assert User.objects.get().check_password(PASSWORD)
    new = {"password1": "another unusual password", "password2": "another unusual password"}
    done = client.post(form["Location"], new)

    assert done["Location"].endswith("/accounts/password/reset/key/done/")
    assert User.objects.get().check_password(new["password1"])
    again = client.get(link)
    assert "does not work any more" in again.content.decode() or "fungerar" in again.content.decode()


def test_reset_sixth_request_for_one_address_is_limited(client, person):
    statuses = [client.post(RESET, {"email": person.email}).status_code for _ in range(6)]

    assert statuses == [302] * 5 + [429]


@pytest.mark.parametrize("password", ["short", "password1234", "1234567890123"])
def test_password_rules_hold_when_it_is_changed(client, person, password):
    client.force_login(person)
    data = {"oldpassword": PASSWORD, "password1": password, "password2": password}

    response = client.post("/en/accounts/password/change/", data)

    assert (response.status_code, list(response.context["form"].errors)) == (422, ["password1"])


def test_unconfirmed_address_must_be_confirmed_before_login(client, sign_in):
    person = User(email="new@malmo.example", language="en")
    person.set_password(PASSWORD)
    person.save()

    response = sign_in(person.email)

    assert response["Location"] == "/en/accounts/confirm-email/"
    link = only_link()
    assert client.get(link).status_code == 200
    assert not person.emailaddress_set.filter(verified=True).exists()
    client.post(link)
    assert sign_in(person.email)["Location"] == "/en/workspace/"


def test_passwords_are_kept_with_argon2():
    from hub import settings as configured

    assert configured.PASSWORD_HASHERS[0].endswith(".Argon2PasswordHasher")
