"""The people of a city, and a list that leaves as a file, in Chromium: readable, narrow, right-to-left, without script."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings

from accounts.models import Invitation
from networks.models import RoleAssignment
from networks.services import grant_role, invite_colleague
from practices.imports.running import import_file
from tests.browser.conftest import session_of
from tests.browser.test_pages import LEVELS
from tests.factories import make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Role = RoleAssignment.Role
CITY = "/{language}/workspace/city/"
EXPORT = "/admin/practices/practice/export/?status__exact=published"


@pytest.fixture
def signed_in(open_page, library, admin_user):
    malmo = library["cities"][0]
    focal, anna = make_person("focal@malmo.example", name="Åsa Lind"), make_person("anna@malmo.example", name="أمينة")
    grant_role(focal, Role.FOCAL_POINT, city=malmo, actor=admin_user)
    grant_role(focal, Role.COORDINATOR, network=library["network"], actor=admin_user)
    grant_role(anna, Role.CONTRIBUTOR, city=malmo, actor=admin_user)
    invite_colleague(malmo, "new@malmo.example", Role.CONTRIBUTOR, actor=focal, language="ar", name="Nina Ek")
    session = session_of(focal)

    def open_(path, language="en", **options):
        spoken = {"name": settings.LANGUAGE_COOKIE_NAME, "value": language}
        cookies = [cookie | {"domain": "localhost", "path": "/"} for cookie in (session, spoken)]
        return open_page(path.format(language=language), storage_state={"cookies": cookies}, **options)

    return open_


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_are_accessible_and_fit(signed_in, language, width):
    faults = []
    for path in (CITY, EXPORT):
        page = signed_in(path, language, width=width)
        for opened in page.locator("main details summary").all():
            opened.click()
        # Without its own loading of style sheets, which stumbles over those that the admin's import.
        options = {"runOnly": {"type": "tag", "values": LEVELS}, "preload": False}
        found = Axe().run(page, options=options).response["violations"]
        faults += [(path, one["id"], one["nodes"][0]["html"][:160]) for one in found]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append((path, "too wide"))
    assert faults == []


@pytest.mark.parametrize("javascript", [True, False])
def test_colleague_is_invited_revoked_and_a_role_ended(signed_in, javascript):
    page = signed_in(CITY, javascript=javascript)

    page.get_by_label("E-mail address").fill("more@malmo.example")
    page.get_by_label("Language of the invitation").select_option("ar")
    page.get_by_role("button", name="Invite", exact=True).click()
    page.get_by_text("more@malmo.example is invited.").wait_for()
    page.get_by_role("button", name="Revoke more@malmo.example").click()
    page.get_by_text("The invitation of more@malmo.example is revoked.").wait_for()
    page.get_by_text("End this role").first.click()
    page.get_by_role("button", name="End this role").click()
    page.get_by_text("أمينة no longer has this role.").wait_for()

    assert list(Invitation.objects.open().values_list("email", flat=True)) == ["new@malmo.example"]
    assert [str(one.person) for one in RoleAssignment.objects.active().filter(city__slug="malmo")] == ["Åsa Lind"]


def test_exported_file_is_one_that_the_import_reads(signed_in, tmp_path):
    page = signed_in(EXPORT)

    with page.expect_download() as started:
        page.get_by_role("button", name="Export").click()
    path = tmp_path / started.value.suggested_filename
    started.value.save_as(path)

    report = import_file(path, dry_run=True)
    assert (path.suffix, report.total, report.failed) == (".csv", 30, 0)
