import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.urls import reverse

from accounts import services
from accounts.models import User
from tests.accounts.conftest import PASSWORD

INDEX = "/en/accounts/second-factor/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def required(settings):
    settings.REQUIRE_SECOND_FACTOR = True


def code_for(secret):
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def set_up_app(user, secret="JBSWY3DPEHPK3PXP"):
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


@pytest.mark.parametrize(
    ("rights", "needed"), [({}, False), ({"is_staff": True}, True), ({"is_superuser": True}, True)]
)
def test_second_factor_is_needed_by_whoever_may_change_what_others_see(rights, needed):
    assert services.needs_second_factor(User(**rights)) is needed


@pytest.mark.parametrize("path", ["/admin/", "/en/", "/en/practices/", "/sv/accounts/me/"])
def test_required_second_factor_stands_before_everything_else(client, admin_person, required, path):
    client.force_login(admin_person)

    response = client.get(path)

    assert response.status_code == 302
    assert response["Location"].endswith("/accounts/second-factor/")
    assert client.post(path).status_code == 302


def test_required_second_factor_answers_the_api_in_its_manner(client, admin_person, required):
    client.force_login(admin_person)

    response = client.get("/api/v1/practices/")

    assert (response.status_code, response["Content-Type"]) == (403, "application/json")


@pytest.mark.parametrize("path", [INDEX, "/en/accounts/logout/", "/healthz"])
def test_required_second_factor_leaves_its_set_up_open(client, admin_person, required, path):
    client.force_login(admin_person)

    assert client.get(path).status_code == 200


def test_required_second_factor_says_why(client, admin_person, person, required):
    client.force_login(admin_person)
    for_staff = client.get(INDEX).context["must_set_up"]
    client.force_login(person)

    assert (for_staff, client.get(INDEX).context["must_set_up"]) == (True, False)


def test_required_second_factor_once_set_up_opens_everything(client, admin_person, required):
    set_up_app(admin_person)
    client.force_login(admin_person)

    assert client.get("/admin/").status_code == 200


def test_required_second_factor_is_asked_of_nobody_else(client, person, required):
    client.force_login(person)

    assert client.get("/en/accounts/me/").status_code == 200


def test_required_second_factor_leaves_public_pages_without_cookies(client, required):
    assert not client.get("/en/practices/").cookies


def test_second_factor_not_required_is_not_asked_for(client, admin_person, settings):
    settings.REQUIRE_SECOND_FACTOR = False
    client.force_login(admin_person)

    assert client.get("/admin/").status_code == 200


def test_login_with_an_app_needs_its_code(client, person, sign_in):
    secret = set_up_app(person)

    asked = sign_in(person.email)
    between = client.get("/en/accounts/me/")
    wrong = client.post(f"{INDEX}authenticate/", {"code": "000000"})
    right = client.post(f"{INDEX}authenticate/", {"code": code_for(secret)})

    assert asked["Location"] == f"{INDEX}authenticate/"
    assert between["Location"].startswith("/en/accounts/login/")
    assert (wrong.status_code, right.status_code) == (422, 302)
    assert client.get("/en/accounts/me/").status_code == 200


def test_recovery_code_signs_in_once(client, person, sign_in):
    set_up_app(person)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]

    sign_in(person.email)
    first = client.post(f"{INDEX}authenticate/", {"code": code})
    client.post("/en/accounts/logout/")
    sign_in(person.email)
    second = client.post(f"{INDEX}authenticate/", {"code": code})

    assert (first.status_code, second.status_code) == (302, 422)


def test_set_up_asks_for_the_password_and_shows_key_and_codes(client, person, sign_in):
    sign_in(person.email)
    asked = client.get(f"{INDEX}totp/activate/")
    client.post(asked["Location"], {"password": PASSWORD})
    page = client.get(f"{INDEX}totp/activate/")
    secret = page.context["form"].secret
    done = client.post(f"{INDEX}totp/activate/", {"code": code_for(secret)}, follow=True)

    assert asked["Location"].startswith("/en/accounts/reauthenticate/")
    assert secret in page.content.decode()
    assert done.redirect_chain == [(f"{INDEX}recovery-codes/", 302)]
    assert services.has_second_factor(person)
    assert [(message.to, person.language) for message in mail.outbox] == [([person.email], "sv")] * len(mail.outbox)
    assert len(mail.outbox) >= 1


@pytest.mark.parametrize("path", ["", "webauthn/", "recovery-codes/generate/"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_pages_of_second_factors_are_in_the_look_of_the_site(client, person, sign_in, language, path):
    set_up_app(person)
    client.force_login(person)
    reauthenticate(client)

    html = client.get(f"/{language}/accounts/second-factor/{path}").content.decode()

    assert f'<html lang="{language}"' in html
    assert "css/forms.css" in html


def reauthenticate(client):
    client.post("/en/accounts/reauthenticate/", {"password": PASSWORD})


def test_passkey_pages_have_no_inline_script(client, person):
    client.force_login(person)
    reauthenticate(client)

    for path in ("/en/accounts/login/", f"{INDEX}webauthn/add/"):
        response = client.get(path) if "add" in path else client.__class__().get(path)
        html = response.content.decode()
        scripts = [tag for tag in html.split("<script")[1:] if "src=" not in tag.split(">")[0]]
        assert "mfa/js/webauthn.js" in html
        assert all('type="application/json"' in tag.split(">")[0] for tag in scripts)
        assert "unsafe" not in response["Content-Security-Policy"]


def test_admin_removes_lost_second_factors_and_ends_sessions(client, person, admin_person):
    set_up_app(person)
    client.force_login(admin_person)
    theirs = client.__class__()
    theirs.force_login(person)

    client.post("/admin/accounts/user/", {"action": "remove_second_factors", "_selected_action": [person.pk]})

    assert not services.has_second_factor(person)
    assert theirs.get("/en/accounts/me/").status_code == 302
    assert [message.to for message in mail.outbox] == [[person.email]]


@pytest.mark.parametrize("path", ["account/emailaddress/", "mfa/authenticator/"])
def test_admin_shows_no_secrets(client, admin_person, path):
    client.force_login(admin_person)

    assert client.get(f"/admin/{path}").status_code == 404


@pytest.mark.parametrize(
    "credential",
    [
        "[" * 100_000,
        '{"id":' * 50_000,
        "{}",
        "1",
        '{"id": "a"}',
        '{"id": "a", "rawId": "a", "type": "b", "response": {}}',
    ],
    ids=["brackets", "objects", "empty", "number", "part", "hollow"],
)
def test_credential_that_is_none_is_refused(client, person, credential):
    client.get(reverse("mfa_login_webauthn"))
    signed_in = client.post(reverse("mfa_login_webauthn"), {"credential": credential})
    assert (signed_in.status_code, "_auth_user_id" in client.session) == (302, False)
    client.force_login(person)
    reauthenticate(client)
    client.get(f"{INDEX}webauthn/add/")
    added = client.post(f"{INDEX}webauthn/add/", {"credential": credential, "name": "key"})
    assert (added.status_code, person.authenticator_set.count()) == (422, 0)
