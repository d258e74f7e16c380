"""Every page type: no accessibility violation, no overflow when narrow, light enough, no word to other hosts."""

import gzip

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATHS = {
    "home": "/",
    "library": "/practices/",
    "search": "/practices/?q=kommun&theme=youth",
    "empty": "/practices/?q=qqqqqq&theme=youth",
    "map": "/practices/map/",
    "practice": "/practices/{italian}/",
    "cities": "/cities/",
    "city": "/cities/malmo/",
    "networks": "/networks/",
    "network": "/networks/demo-network/",
    "not found": "/nowhere/",
}
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def address(language, name, library):
    return f"/{language}{PATHS[name].format(italian=library['italian'].pk)}"


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_has_no_accessibility_violation(open_page, library, language, scheme):
    violations = []
    for name in PATHS:
        page = open_page(address(language, name, library), color_scheme=scheme)
        result = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}})
        violations += [
            (name, violation["id"], violation["nodes"][0]["html"][:160]) for violation in result.response["violations"]
        ]
    assert violations == []


@pytest.mark.parametrize("language", ["en", "ar", "sv"])
@pytest.mark.parametrize("width", [320, 390])
def test_page_reflows_on_a_narrow_screen(open_page, library, language, width):
    wide = {}
    for name in PATHS:
        page = open_page(address(language, name, library), width=width)
        scroll_width = page.evaluate("document.documentElement.scrollWidth")
        if scroll_width > width:
            wide[name] = scroll_width
    assert wide == {}


def test_page_weighs_less_than_100_kilobytes(chromium, live_server, library):
    heavy = {}
    for name in PATHS:
        context = chromium.new_context()
        page = context.new_page()
        bodies = []
        page.on("response", lambda response, bodies=bodies: bodies.append(response))
        page.goto(live_server.url + address("en", name, library))
        page.wait_for_load_state("networkidle")
        weight = sum(len(gzip.compress(response.body())) for response in bodies if response.ok)
        context.close()
        if weight > 100_000:
            heavy[name] = weight
    assert heavy == {}


@pytest.mark.parametrize(("language", "side"), [("en", "left"), ("ar", "right")])
def test_page_begins_on_the_readers_side(open_page, library, language, side):
    page = open_page(f"/{language}/")
    brand = page.locator(".brand").bounding_box()
    assert ("left" if brand["x"] < 640 else "right") == side


def test_practice_language_switch_stays_on_the_practice(open_page, library):
    page = open_page(address("en", "practice", library))
    page.locator(".languages summary").click()
    page.get_by_role("link", name="العربية").click()
    page.wait_for_url("**/ar/practices/**")
    title = page.locator("h1")
    assert (title.get_attribute("lang"), title.get_attribute("dir")) == ("it", "ltr")
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert title.inner_text() == "Antenne contro le voci: una rete nelle scuole"
