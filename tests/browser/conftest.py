"""Chromium on a live server. Every page also fails its test on a console error, a failed or a foreign request."""

import os
import shutil
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import sync_playwright

from networks.models import Membership
from tests.factories import make_city, make_network, make_practice, make_term
from vocabularies.models import Scheme

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium():
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.fail("No Chromium: install chromium-headless-shell or set CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def faults_expected():
    """Parts of console messages that a test brings about; to be asked for before a page is opened."""
    return ["ERR_INTERNET_DISCONNECTED", "401 (Unauthorized)", "403 (Forbidden)", "503 (Service", "413 ("]


@pytest.fixture
def open_page(chromium, live_server, request):
    """`open_page(path, width=…, javascript=…)` gives a page that has loaded; its faults are raised at the end."""
    contexts, faults = [], []
    own_host = urlsplit(live_server.url).netloc

    def watch(request):
        host = urlsplit(request.url).netloc
        if host and host != own_host:
            faults.append(f"request to {request.url}")

    def note_console(message):
        named = request.getfixturevalue("faults_expected") if "faults_expected" in request.fixturenames else []
        expected = any(part in message.text for part in ("404 (Not Found)", "422", *named))
        if message.type in ("error", "warning") and not expected:
            faults.append(f"console: {message.text}")

    def open_(path, *, width=1280, height=900, javascript=True, **options):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=javascript, **options
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note_console)
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("request", watch)
        page.goto(live_server.url + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


def session_of(person):
    """The cookie of a browser in which a person has signed in."""
    client = Client()
    client.force_login(person)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    return {"name": settings.SESSION_COOKIE_NAME, "value": value, "domain": "localhost", "path": "/"}


@pytest.fixture
def open_as(open_page):
    """`open_as(person, path, …)` is `open_page` in a browser in which the person has signed in."""

    def open_(person, path, **options):
        return open_page(path, storage_state={"cookies": [session_of(person)]}, **options)

    return open_


@pytest.fixture
def library(transactional_db):
    """Thirty practices in three languages, with long words, a hidden place and one that exists in Italian only."""
    themes = [
        make_term(Scheme.THEME, "youth", label_en="Youth", label_ar="الشباب", label_sv="Ungdom"),
        make_term(Scheme.THEME, "education", label_en="Education", label_ar="التعليم", label_sv="Utbildning"),
        make_term(Scheme.THEME, "sport", label_en="Sport", label_ar="الرياضة", label_sv="Idrott"),
    ]
    themes += [make_term(Scheme.THEME, f"topic-{number}", label_en=f"Topic {number}") for number in range(12)]
    make_term(Scheme.EVIDENCE_LEVEL, "monitored-outputs", order=2, label_en="Monitored outputs")
    cities = [
        make_city("Malmö", "SE", slug="malmo", latitude=55.6, longitude=13.0, population=360_000),
        make_city("Reggio Emilia", "IT", slug="reggio", latitude=44.7, longitude=10.63),
        make_city("Amman", "JO", slug="amman", name_ar="عمّان", latitude=31.95, longitude=35.93),
    ]
    network = make_network(
        "demo-network", name_en="Network of demonstration cities", description_en="Cities that show how it looks."
    )
    for city in cities:
        Membership.objects.create(network=network, city=city)
    italian = make_practice(
        language="it",
        city=cities[1],
        themes=[themes[0], themes[1]],
        networks=[network],
        texts={
            "title_it": "Antenne contro le voci: una rete nelle scuole",
            "summary_it": "Studenti e insegnanti raccolgono le voci più diffuse in città.",
            "description_it": "<p>Ogni scuola nomina due antenne.</p><ul><li>Ascolto</li><li>Verifica</li></ul>",
            "what_did_not_work_it": "<p>I volantini.</p>",
        },
    )
    for number in range(29):
        language = ("sv", "en", "ar")[number % 3]
        make_practice(
            language=language,
            city=cities[number % 3],
            themes=[themes[number % 15]],
            networks=[network],
            location_precision="hidden" if number == 5 else "city",
            texts={
                f"title_{language}": {
                    "sv": f"Kommunens samtal om våldsförebyggande integrationsarbete {number}",
                    "en": f"Conversations in the neighbourhood, round {number}",
                    "ar": f"حوار في الحي رقم {number}",
                }[language],
                f"summary_{language}": {
                    "sv": "Kommunerna möter föräldrar i bostadsområdet.",
                    "en": "Neighbours meet every month and agree on what to change. " * 4,
                    "ar": "يلتقي الجيران كل شهر في مدرسة الحي.",
                }[language],
            },
        )
    return {"italian": italian, "cities": cities, "network": network}
