"""The library as people use it: by keyboard, by mouse, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def status(page):
    return page.locator("#results-title")


def tab_to(page, selector, most=80):
    """Press Tab until the element has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
    pytest.fail(f"{selector} cannot be reached with the Tab key")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_library_by_keyboard_alone(open_page, library, language):
    page = open_page(f"/{language}/practices/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tab_to(page, "#q")
    page.keyboard.type("kommunernas")
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("10")
    assert "q=kommunernas" in page.url
    tab_to(page, "#country-SE")
    page.keyboard.press("Space")
    page.wait_for_url("**country=SE**")
    expect(page.locator("#country-SE")).to_be_checked()
    expect(page.locator("#country-SE")).to_be_focused()
    tab_to(page, "#results .card h3 a")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/practices/\d+-"))
    expect(page.locator("article h1")).to_be_visible()


def test_library_facets_change_without_a_reload_and_back_undoes_it(open_page, library):
    page = open_page("/en/practices/")
    page.evaluate("window.stillHere = true")
    expect(status(page)).to_have_text("30 practices")
    page.locator("#theme-youth").check()
    expect(status(page)).to_have_text("3 practices")
    assert page.url.endswith("/en/practices/?theme=youth") or "theme=youth" in page.url
    assert page.evaluate("window.stillHere") is True
    page.locator("#theme-education").check()
    expect(page.locator(".chips li")).to_have_count(3)
    page.go_back()
    expect(status(page)).to_have_text("3 practices")
    page.go_back()
    expect(status(page)).to_have_text("30 practices")


def test_library_count_is_told_to_screen_readers(open_page, library):
    page = open_page("/en/practices/")
    told = page.get_by_role("status")
    told.evaluate("element => (element.kept = true)")
    page.locator("#theme-youth").check()
    expect(told).to_have_text("3 practices")
    assert told.evaluate("element => element.kept") is True


@pytest.mark.parametrize("language", ["en", "ar"])
def test_library_without_javascript(open_page, library, language):
    page = open_page(f"/{language}/practices/", javascript=False, width=390)
    page.locator(".narrowing > summary").click()
    page.locator("#theme-youth").check()
    page.locator(".facets button").click()
    page.wait_for_url("**theme=youth**")
    assert page.locator("#results .card").count() == 3
    page.locator("#q").fill("antenne")
    page.locator(".find button").click()
    page.wait_for_url("**q=antenne**")
    assert page.locator("#results .card").count() == 1
    page.locator(".chip").first.click()
    assert "q=antenne" not in page.url


def test_library_on_a_phone_narrows_behind_one_control(open_page, library):
    page = open_page("/en/practices/", width=390)
    expect(page.locator("#theme-youth")).to_be_hidden()
    page.locator(".narrowing > summary").click()
    page.locator("#theme-youth").check()
    expect(status(page)).to_have_text("3 practices")
    expect(page.locator("#narrowing-count")).to_have_text("1")


def test_library_suggestions_by_keyboard(open_page, library):
    page = open_page("/en/practices/")
    field = page.locator("#q")
    field.press_sequentially("you", delay=20)
    options = page.locator("[role=option]")
    expect(options.first).to_contain_text("Youth")
    assert field.get_attribute("aria-expanded") == "true"
    field.press("ArrowDown")
    assert options.first.get_attribute("aria-selected") == "true"
    assert field.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    field.press("Enter")
    page.wait_for_url("**theme=youth**")


def test_library_sort_and_pages_keep_the_query(open_page, library):
    page = open_page("/en/practices/?country=SE&country=IT&country=JO")
    page.locator("#sort").select_option("title")
    page.wait_for_url("**sort=title**")
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**page=2**")
    assert all(part in page.url for part in ("country=SE", "country=IT", "sort=title"))
    assert page.locator("#results .card").count() == 10


def test_library_map_leads_to_the_practices_of_a_city(open_page, library):
    page = open_page("/en/practices/map/?country=SE")
    page.locator(".map-circles.map-wide a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**city=malmo**")
    assert page.locator("#results .card").count() > 0
