"""Writing on a phone: without a connection, without JavaScript, and with somebody else at the same text."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from playwright.sync_api import expect

from networks.models import RoleAssignment
from networks.services import grant_role
from practices import services
from practices.models import Revision
from tests.browser.conftest import session_of
from tests.factories import make_city, make_network, make_person, make_term
from vocabularies.models import Scheme

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Role = RoleAssignment.Role


@pytest.fixture
def malmo(transactional_db):
    class Malmo:
        city = make_city("Malmö")
        network = make_network("nordic", cities=[city])
        officer = make_person("officer@example.org", language="sv", name="Olle")
        coordinator = make_person("coordinator@example.org", name="Karin")

    admin = make_person(is_superuser=True)
    grant_role(Malmo.officer, Role.CONTRIBUTOR, actor=admin, city=Malmo.city)
    grant_role(Malmo.coordinator, Role.COORDINATOR, actor=admin, network=Malmo.network)
    for number, name in enumerate(["Ungdom", "Utbildning", "Idrott"]):
        make_term(Scheme.THEME, f"theme-{number}", label_sv=name, definition_sv=f"Insatser om {name.lower()}.")
    for number in range(12):
        make_term(
            Scheme.APPROACH,
            f"approach-{number}",
            label_sv=f"Arbetssätt {number}",
            synonyms_sv="torgsamtal" * (number == 3),
        )
    Malmo.revision = services.start_practice(
        actor=Malmo.officer, city=Malmo.city, source_language="sv", network_ids=[Malmo.network.pk]
    )
    return Malmo


def path_of(malmo, step):
    return f"/sv/workspace/practices/{malmo.revision.practice_id}/{step}/"


def stored(malmo, name):
    return Revision.objects.get(pk=malmo.revision.pk).content[f"{name}_sv"]


def told(page):
    return page.locator("[data-status]")


def saved(page):
    return expect(told(page)).to_have_text(
        page.locator("form[data-writing]").get_attribute("data-saved"), timeout=15_000
    )


def rich(page, name):
    return page.locator(f"#field-{name} [contenteditable]")


def test_writing_offline_on_a_phone_loses_no_word(open_as, malmo, faults_expected):
    page = open_as(malmo.officer, path_of(malmo, "story"), width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#id_title").fill("Samtal på torget")
    rich(page, "challenge").scroll_into_view_if_needed()
    rich(page, "challenge").click()
    page.keyboard.type("Ingen talade med grannen. ")
    saved(page)
    assert stored(malmo, "challenge") == "<p>Ingen talade med grannen. </p>"
    page.context.set_offline(True)
    page.keyboard.type("Sedan kom torgsamtalen.")
    page.locator("#id_summary").fill("Grannar möts varje vecka.")
    expect(told(page)).to_have_text(page.locator("form[data-writing]").get_attribute("data-offline"), timeout=15_000)
    assert stored(malmo, "summary") == ""
    # The browser lets requests of a page that ends pass, although it was told to be offline.
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('offline')) }")
    page.goto("about:blank")
    page.context.set_offline(False)
    page.go_back()
    expect(page.locator("#id_summary")).to_have_value("Grannar möts varje vecka.")
    saved(page)
    assert stored(malmo, "challenge") == "<p>Ingen talade med grannen. Sedan kom torgsamtalen.</p>"
    assert stored(malmo, "summary") == "Grannar möts varje vecka."
    page.locator(".save-bar button").last.click()
    page.wait_for_url("**/subject/")
    assert page.evaluate("Object.keys(localStorage).length") == 0


def test_writing_too_fast_is_kept_here_and_saved_after_the_wait(open_as, malmo, faults_expected, settings):
    faults_expected.append("429 (Too Many Requests)")
    settings.ACCOUNT_RATE_LIMITS = {"writing_save": "1/12s/user"}
    page = open_as(malmo.officer, path_of(malmo, "story"), width=390)
    page.locator("#id_title").fill("Samtal")
    saved(page)
    page.locator("#id_title").fill("Samtal på torget")
    expect(told(page)).to_have_text(page.locator("form[data-writing]").get_attribute("data-too-often"), timeout=15_000)
    assert page.evaluate("Object.values(localStorage).join().includes('på torget')")
    saved(page)
    assert stored(malmo, "title") == "Samtal på torget"


def test_writing_picture_is_taken_out_by_the_button_alone(open_as, malmo, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(file, "JPEG")
    upload = SimpleUploadedFile("a.jpg", file.getvalue())
    services.attach(malmo.revision, "images", upload, {"alt_text_sv": "Ett torg"}, actor=malmo.officer)
    page = open_as(malmo.officer, path_of(malmo, "files"), width=390)
    form = page.locator("form[data-writing]")
    page.locator("[name$=-remove]").check()
    expect(told(page)).to_have_text(form.get_attribute("data-taken-out"))
    page.locator("[name^=images-][name$=-caption]").first.fill("I maj")
    saved(page)
    assert [row["caption_sv"] for row in Revision.objects.get().content["images"]] == ["I maj"]
    page.locator(".save-bar button").last.click()
    page.wait_for_url("**/care/")
    assert Revision.objects.get().content["images"] == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_writing_signed_out_goes_on_after_signing_in_again(open_as, malmo, faults_expected):
    page = open_as(malmo.officer, path_of(malmo, "story"), width=390)
    page.context.clear_cookies()
    page.locator("#id_title").fill("Samtal på torget")
    expect(told(page)).to_contain_text(
        page.locator("form[data-writing]").get_attribute("data-signed-out"), timeout=15_000
    )
    page.context.add_cookies([session_of(malmo.officer)])
    page.evaluate("dispatchEvent(new Event('focus'))")
    saved(page)
    assert stored(malmo, "title") == "Samtal på torget"


def test_writing_tells_a_fault_of_the_server_from_a_lost_connection(open_as, malmo, faults_expected):
    page = open_as(malmo.officer, path_of(malmo, "story"), width=390)
    said = page.locator("form[data-writing]").get_attribute
    for status, key in ((503, "data-failed"), (413, "data-too-large")):
        page.route("**/save/", lambda route, _request, status=status: route.fulfill(status=status, body="busy"))
        page.locator("#id_title").fill(f"Samtal {status}")
        page.evaluate("dispatchEvent(new Event('focus'))")
        expect(told(page)).to_have_text(said(key), timeout=20_000)
        page.unroute("**/save/")
    page.locator("#id_title").fill("Samtal på torget")
    saved(page)
    assert stored(malmo, "title") == "Samtal på torget"


def test_writing_in_two_windows_of_one_person(open_as, malmo):
    desk, telephone = (open_as(malmo.officer, path_of(malmo, "story"), width=width) for width in (1280, 390))
    telephone.locator("#id_title").fill("Skrivet på bussen")
    saved(telephone)
    desk.locator("#id_title").fill("Skrivet vid skrivbordet")
    expect(desk.locator("#field-title .conflict")).to_contain_text("Skrivet på bussen", timeout=15_000)
    assert stored(malmo, "title") == "Skrivet på bussen"
    desk.locator("#field-title .conflict button").first.click()
    saved(desk)
    assert stored(malmo, "title") == "Skrivet vid skrivbordet"


def test_writing_with_somebody_else_shows_both_texts(open_as, malmo):
    page = open_as(malmo.officer, path_of(malmo, "story"))
    theirs = {"title_sv": "Karins titel", "summary_sv": "Karins text."}
    services.save_revision(malmo.revision, theirs, actor=malmo.coordinator, seen=0)
    page.locator("#id_title").fill("Min titel")
    conflict = page.locator("#field-title .conflict")
    expect(conflict).to_contain_text("Karins titel", timeout=15_000)
    expect(conflict).to_contain_text("Karin")
    expect(page.locator("#id_summary")).to_have_value("Karins text.")
    assert stored(malmo, "title") == "Karins titel"
    conflict.locator("button").first.click()
    saved(page)
    assert stored(malmo, "title") == "Min titel"
    services.save_revision(malmo.revision, {"title_sv": "Karin igen"}, actor=malmo.coordinator, seen=9)
    page.locator("#id_title").fill("Min titel igen")
    expect(conflict).to_contain_text("Karin igen", timeout=15_000)
    conflict.locator("button").last.click()
    expect(page.locator("#id_title")).to_have_value("Karin igen")


def test_writing_local_text_that_differs_from_the_stored_is_a_choice(open_as, malmo, faults_expected):
    page = open_as(malmo.officer, path_of(malmo, "story"))
    page.context.set_offline(True)
    page.locator("#id_title").fill("Min titel")
    services.save_revision(malmo.revision, {"title_sv": "Karins titel"}, actor=malmo.coordinator, seen=0)
    page.context.set_offline(False)
    page.goto("about:blank")
    page.go_back()
    conflict = page.locator("#field-title .conflict")
    expect(conflict).to_contain_text("Karins titel")
    expect(page.locator("#id_title")).to_have_value("Min titel")


def test_writing_picker_is_narrowed_by_synonyms(open_as, malmo):
    page = open_as(malmo.officer, path_of(malmo, "subject"), width=390)
    field = page.locator("#field-approaches")
    field.locator("input[type=search]").fill("TORGSAMTAL")
    expect(field.locator("li:visible")).to_have_count(1)
    field.locator("li:visible input").check()
    saved(page)
    assert len(Revision.objects.get(pk=malmo.revision.pk).content["approaches"]) == 1


def test_writing_themes_are_narrowed_and_what_is_chosen_stays(open_as, malmo):
    page = open_as(malmo.officer, path_of(malmo, "subject"), width=390)
    field = page.locator("#field-themes")
    first, second = field.locator("select").nth(0), field.locator("select").nth(1)
    first.select_option(label="Utbildning")
    field.locator("input[type=search]").fill("IDROTT")
    offered = lambda select: select.locator("option:not([hidden])").all_text_contents()  # noqa: E731
    assert (offered(first), offered(second)) == (["–", "Utbildning", "Idrott"], ["–", "Idrott"])
    second.select_option(label="Idrott")
    saved(page)
    assert len(Revision.objects.get(pk=malmo.revision.pk).content["themes"]) == 2


def test_writing_without_javascript(open_as, malmo):
    page = open_as(malmo.officer, path_of(malmo, "story"), width=390, javascript=False)
    page.locator("#id_title").fill("Samtal på torget")
    page.locator("#id_description").fill("Vi ställer fram stolar.\n\nVi lyssnar.")
    services.save_revision(malmo.revision, {"summary_sv": "Karins text."}, actor=malmo.coordinator, seen=0)
    page.locator("#id_summary").fill("Min text.")
    page.locator(".save-bar button").click()
    expect(page.locator("#field-summary .theirs")).to_have_text("Karins text.")
    expect(page.locator("#id_summary")).to_have_value("Min text.")
    assert stored(malmo, "description") == "<p>Vi ställer fram stolar.</p><p>Vi lyssnar.</p>"
    page.locator(".save-bar button").click()
    page.wait_for_url("**/subject/")
    assert stored(malmo, "summary") == "Min text."


@pytest.mark.parametrize("language", ["en", "ar"])
def test_writing_pages_have_no_accessibility_violation(open_as, malmo, language):
    from axe_playwright_python.sync_playwright import Axe

    violations, wide = [], []
    base = f"/{language}/workspace/"
    steps = [
        f"practices/{malmo.revision.practice_id}/{step}/"
        for step in ("start", "story", "subject", "files", "care", "check")
    ]
    page = open_as(malmo.officer, base, width=390)
    for path in ("", "start/", *steps):
        page.goto(re.sub(r"/(en|ar)/.*", base + path, page.url))
        result = Axe().run(
            page, options={"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}
        )
        violations += [(path, v["id"], v["nodes"][0]["html"][:160]) for v in result.response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(path)
    assert (violations, wide) == ([], [])
