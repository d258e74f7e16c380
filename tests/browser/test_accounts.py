"""Signing in as people do it: pages without violations, passkeys under the strict content security policy."""

from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe

from accounts.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long and unusual password"
EMAIL = "anna@malmo.example"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPEN = ["login/", "password/reset/", "request/", "invitation/unknown-token/"]
OWN = ["me/", "password/change/", "me/data/", "me/erase/", "second-factor/", "second-factor/webauthn/add/"]


@pytest.fixture(autouse=True)
def person(settings):
    limits = settings.CACHES["limits"] | {"KEY_PREFIX": f"test-{uuid4()}"}
    settings.CACHES = settings.CACHES | {"limits": limits}
    return User.objects.create_user(EMAIL, PASSWORD, name="Anna")


def sign_in(page):
    page.locator("#id_login").fill(EMAIL)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("form.form button[type=submit]").click()
    page.wait_for_url("**/en/workspace/")


def go(page, path):
    """Open a page of one's own; where it asks for the password once more, give it."""
    page.goto("/".join(page.url.split("/")[:3]) + path)
    if "/reauthenticate/" in page.url:
        page.locator("#id_password").fill(PASSWORD)
        page.locator("form.form button[type=submit]").click()
        page.wait_for_url(f"**{path}")


def violations(page, name):
    result = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}})
    return [
        (name, violation["id"], violation["nodes"][0]["html"][:160]) for violation in result.response["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_accounts_have_no_accessibility_violation(open_page, scheme):
    found, wide = [], []
    page = open_page("/en/accounts/login/", color_scheme=scheme, width=390)
    sign_in(page)
    for language in ("en", "ar"):
        for path in [*OWN, "second-factor/totp/activate/"]:
            go(page, f"/{language}/accounts/{path}")
            found += violations(page, path)
            wide += [path] if page.evaluate("document.documentElement.scrollWidth") > 390 else []
    assert (found, wide) == ([], [])


@pytest.mark.parametrize("language", ["en", "ar"])
def test_open_pages_of_accounts_have_no_accessibility_violation(open_page, language):
    found = []
    page = open_page(f"/{language}/accounts/login/", width=390)
    for path in OPEN[:-1]:
        page.goto("/".join(page.url.split("/")[:3]) + f"/{language}/accounts/{path}")
        found += violations(page, path)
    page.locator("form.form button[type=submit]").evaluate("button => button.form.noValidate = true")
    page.locator("form.form button[type=submit]").click()
    page.locator(".errorlist").first.wait_for()
    found += violations(page, "refused form")
    assert found == []


def test_passkey_is_added_and_signs_in(open_page):
    page = open_page("/en/accounts/login/")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page)

    go(page, "/en/accounts/second-factor/webauthn/add/")
    page.locator("#id_passwordless").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url("**/recovery-codes/")
    page.locator("nav.account-nav form button").click()
    page.wait_for_url("**/en/")
    go(page, "/en/accounts/login/")
    page.locator("#passkey_login").click()
    page.wait_for_url("**/en/workspace/")
    go(page, "/en/accounts/me/")

    assert page.locator("h1").inner_text() == "Your account"
