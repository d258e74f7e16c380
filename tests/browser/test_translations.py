"""The translators' desk in Chromium: readable, reachable, narrow and right-to-left."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from practices import services
from tests.browser.test_pages import LEVELS
from tests.practices.translating.conftest import desk  # noqa: F401
from tests.practices.translating.texts import CHANGED, revise

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def paths(desk):  # noqa: F811
    revise(desk, weight="major", description_sv=CHANGED)
    row = services.translation_of(desk.practice, "ar")
    row.save()
    texts = {"title": "حوار في الساحة", "summary": "الجيران يتحدثون.", "description": "<p>يجتمع الجيران.</p>"}
    services.store_machine_draft(row, texts, services.wanted_from_machine(row))
    workspace = "workspace/translations"
    return {
        "overview": f"{workspace}/",
        "worklist": f"{workspace}/work/ar/",
        "italian": f"{workspace}/{desk.practice.pk}/it/",
        "arabic": f"{workspace}/{desk.practice.pk}/ar/",
        "import": f"{workspace}/import/",
    }


@pytest.fixture
def signed_in(open_as, desk):  # noqa: F811
    return lambda path, **options: open_as(desk.officer, path, **options)


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [390, 1280])
def test_desk_is_accessible_and_fits(signed_in, paths, language, width):
    faults = []
    for name, path in paths.items():
        page = signed_in(f"/{language}/{path}", width=width)
        if name in ("italian", "arabic"):
            page.locator("#description-heading").scroll_into_view_if_needed()
            page.wait_for_selector(".prose-menubar__button[aria-label]")
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=Path(folder) / f"{name}-{language}-{width}.png", full_page=True)
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}}).response["violations"]
        faults += [(name, one["id"], one["nodes"][0]["html"][:160]) for one in found]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append((name, "too wide"))
    assert faults == []


@pytest.mark.parametrize("javascript", [True, False])
def test_translation_is_written_and_confirmed(signed_in, paths, desk, javascript):  # noqa: F811
    page = signed_in(f"/en/{paths['italian']}", javascript=javascript)
    if javascript:
        # Until the editor stands over it, the textarea bears the same name.
        page.locator(".ProseMirror").nth(1).wait_for()
        page.get_by_role("textbox", name="What was done (Italiano)").fill("Ci si incontra a scuola.")
    else:
        page.get_by_label("What was done (Italiano)").fill("<p>Ci si incontra a scuola.</p>")
    page.get_by_role("button", name="Confirm for readers").click()
    page.get_by_text("Confirmed: readers see it now.").wait_for()
    desk.practice.refresh_from_db()
    assert desk.practice.description_it == "<p>Ci si incontra a scuola.</p>"
