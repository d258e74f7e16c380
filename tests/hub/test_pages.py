import json
import re
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from common.languages import site_languages
from practices.models import Practice
from practices.presentation import full_time_posts
from practices.search.indexing import reindex
from tests.factories import make_city, make_network, make_practice

pytestmark = pytest.mark.django_db


@pytest.fixture
def practice():
    city = make_city("Reggio Emilia", "IT", slug="reggio", latitude=44.7, longitude=10.6, population=171_000)
    network = make_network("cities-of-dialogue", cities=[city])
    return make_practice(
        language="it",
        city=city,
        networks=[network],
        texts={
            "title_it": "Antenne contro le voci",
            "summary_it": "Studenti e insegnanti raccolgono le voci.",
            "description_it": "<p>Ogni scuola nomina due antenne per il dialogo.</p>",
            "what_did_not_work_it": "<p>I volantini.</p>",
        },
    )


def page(client, address, status=200):
    response = client.get(address, follow=True)
    assert response.status_code == status, address
    return response.content.decode()


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/practices/",
        "/practices/?q=dialogo",
        "/practices/?q=zzzzzz",
        "/practices/?theme=nope&sort=title",
        "/practices/map/",
        "/practices/map/?q=dialogo",
        "/practices/feed.atom",
        "/practices/suggest/?q=an",
        "/cities/",
        "/cities/?country=IT",
        "/cities/?country=XX",
        "/cities/reggio/",
        "/networks/",
        "/networks/cities-of-dialogue/",
    ],
)
def test_public_page_answers_in_every_language(client, practice, language, path):
    response = client.get(f"/{language}{path}")
    assert response.status_code == 200
    assert not response.cookies
    if "html" in response["Content-Type"]:
        direction = "rtl" if language == "ar" else "ltr"
        assert f'<html lang="{language}" dir="{direction}">' in response.content.decode()


@pytest.mark.parametrize(
    "path", ["/", "/practices/", "/practices/map/", "/cities/", "/networks/", "/practices/feed.atom"]
)
def test_public_page_of_an_empty_hub_answers(client, path):
    assert client.get(f"/en{path}").status_code == 200


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("sv-SE,sv;q=0.9", "sv"), ("ar", "ar"), ("pt-BR,pt;q=0.9,fr;q=0.5", "fr"), ("zh", "en"), ("", "en"), ("☃", "en")],
)
def test_root_follows_the_browsers_language(client, accepted, language):
    response = client.get("/", headers={"Accept-Language": accepted})
    assert (response.status_code, response["Location"]) == (302, f"/{language}/")


def test_deep_link_keeps_its_language(client, practice):
    html = page(Client(headers={"Accept-Language": "ar"}), "/sv/practices/")
    assert '<html lang="sv"' in html


def test_practice_page_fallback_is_labelled(client, practice):
    html = page(client, f"/ar/practices/{practice.pk}/")
    assert '<h1 lang="it" dir="ltr">Antenne contro le voci</h1>' in html
    assert 'class="notice"' in html
    assert '<section aria-labelledby="what_did_not_work" class="honest">' in html


def test_practice_page_in_its_own_language_carries_no_label(client, practice):
    html = page(client, f"/it/practices/{practice.pk}/")
    assert "<h1>Antenne contro le voci</h1>" in html
    assert 'class="notice"' not in html


def test_practice_page_other_slug_redirects_for_good(client, practice):
    response = client.get(f"/it/practices/{practice.pk}-something-else/")
    assert (response.status_code, response["Location"]) == (
        301,
        f"/it/practices/{practice.pk}-antenne-contro-le-voci/",
    )


def test_practice_page_names_the_languages_it_exists_in(client, practice):
    html = page(client, f"/en/practices/{practice.pk}/")
    assert re.findall(r'hreflang="([a-z-]+)" href="http', html) == ["it", "x-default"]
    canonical = re.search(r'<link rel="canonical" href="([^"]+)"', html)[1]
    assert canonical == f"{settings.SITE_URL}/it/practices/{practice.pk}-antenne-contro-le-voci/"


def test_practice_page_language_switch_stays_on_the_practice(client, practice):
    html = page(client, f"/en/practices/{practice.pk}/")
    switch = re.findall(r'<li><a href="([^"]+)" lang="([a-z]+)"', html)
    assert switch == [(f"/{code}/practices/{practice.pk}-antenne-contro-le-voci/", code) for code in site_languages()]


def test_practice_page_structured_data_is_sound(client, practice):
    html = page(client, f"/it/practices/{practice.pk}/")
    data = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)[1])
    assert (data["@type"], data["headline"], data["inLanguage"], data["contentLocation"]["name"]) == (
        "Article",
        "Antenne contro le voci",
        "it",
        "Reggio Emilia",
    )


def test_practice_page_hostile_texts_stay_text(client):
    hostile = '</script><script>alert(1)</script>{{ 7|add:"7" }}"\'><img src=x onerror=alert(1)>'
    practice = make_practice(texts={"title_en": hostile, "summary_en": hostile})
    for address in (f"/en/practices/{practice.pk}/", "/en/practices/", "/en/practices/?q=alert", "/en/", "/sv/"):
        html = page(client, address)
        assert "<script>alert" not in html
        assert "<img src=x" not in html


def test_practice_page_contact_address_is_never_printed(client, practice):
    assert "office@example.org" not in page(client, f"/it/practices/{practice.pk}/")


@pytest.mark.parametrize("change", [{"status": "draft"}, {"status": "archived"}, {"visibility": "network"}])
def test_practice_that_is_not_public_appears_nowhere(client, practice, change):
    with translation.override("it"):
        address = practice.get_absolute_url()
    Practice.objects.filter(pk=practice.pk).update(**change)
    reindex([practice.pk])
    assert client.get(address).status_code == 404
    for path in (
        "/it/",
        "/it/practices/",
        "/it/practices/?q=antenne",
        "/it/practices/map/",
        "/it/practices/suggest/?q=ant",
        "/it/practices/feed.atom",
        "/it/cities/reggio/",
        "/it/networks/cities-of-dialogue/",
        "/sitemap-practices.xml",
        "/api/v1/practices/",
    ):
        assert "Antenne" not in client.get(path).content.decode(), path


def test_practice_in_a_hidden_place_names_its_country_only(client, practice):
    Practice.objects.filter(pk=practice.pk).update(location_precision="hidden")
    reindex([practice.pk])
    html = page(client, f"/it/practices/{practice.pk}/") + page(client, "/it/practices/")
    assert "Reggio" not in html
    assert page(client, "/it/practices/?city=reggio").count("Antenne") == 0


def test_library_fragment_holds_results_and_new_counts(client, practice):
    html = client.get("/it/practices/?q=dialogo", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in html
    assert html.lstrip().startswith('<section class="results" id="results"')
    assert 'id="facet-theme" hx-swap-oob="true"' in html


def test_library_search_marks_what_was_found(client, practice):
    assert "per il <mark>dialogo</mark>" in page(client, "/it/practices/?q=dialoghi")


def test_library_hit_in_another_language_is_quoted_with_its_language(client):
    make_practice(
        language="it",
        texts={"title_en": "Antennas", "summary_en": "Pupils listen.", "description_it": "<p>Niente volantini.</p>"},
    )
    html = page(client, "/en/practices/?q=volantino")
    assert '<span lang="it" dir="ltr">Niente <mark>volantini</mark>.</span>' in html


def test_library_page_unchanged_is_304_until_something_is_published(client, practice):
    first = client.get("/it/practices/")
    again = client.get("/it/practices/", headers={"If-None-Match": first["ETag"]})
    make_practice()
    changed = client.get("/it/practices/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, changed.status_code) == (304, 200)


def test_page_of_a_signed_in_person_is_not_cached(admin_client, practice):
    response = admin_client.get("/it/practices/")
    assert "no-store" in response["Cache-Control"]
    assert "ETag" not in response


def test_feed_is_well_formed_with_hostile_titles(client):
    from defusedxml import ElementTree

    make_practice(texts={"title_en": "A <b>bold</b> & “quoted” title"})
    feed = ElementTree.fromstring(client.get("/en/practices/feed.atom").content)
    titles = [
        entry.findtext("{http://www.w3.org/2005/Atom}title")
        for entry in feed.iter("{http://www.w3.org/2005/Atom}entry")
    ]
    assert titles == ["A <b>bold</b> & “quoted” title"]


def test_cities_too_many_for_one_list_are_led_to_by_country(client, practice, monkeypatch):
    monkeypatch.setattr("hub.views.places.LISTED_AT_ONCE", 2)
    make_city("Malmö", "SE", slug="malmo")
    make_city("Lund", "SE", slug="lund")
    everywhere = page(client, "/en/cities/")
    assert 'href="?country=SE"' in everywhere
    assert "/en/cities/malmo/" not in everywhere
    assert "/en/cities/malmo/" in page(client, "/en/cities/?country=SE")


def test_typed_text_stands_in_quotation_marks_of_its_own_direction(client, practice):
    assert "<q><bdi>qqqqqq</bdi></q>" in page(client, "/ar/practices/?q=qqqqqq&country=IT")


def test_suggestions_offer_title_topic_and_city(client, practice):
    found = client.get("/it/practices/suggest/?q=regg").json()["suggestions"]
    assert [(entry["label"], entry["url"]) for entry in found] == [("Reggio Emilia", "/it/practices/?city=reggio")]
    found = client.get("/it/practices/suggest/?q=anten").json()["suggestions"]
    assert [entry["label"] for entry in found] == ["Antenne contro le voci", "antenne"]


@pytest.mark.parametrize("typed", ["", "a", "%00", "'\"\\%", "x" * 3000, "🦄"])
def test_suggestions_for_anything_typed_answer(client, practice, typed):
    assert client.get("/en/practices/suggest/", {"q": typed}).status_code == 200


@pytest.mark.parametrize(
    "typed",
    [
        "'",
        '"',
        "\\",
        "a'b",
        "((",
        "& | !",
        "<->",
        ":*",
        "\x00",
        "a" * 500,
        "-",
        '-"',
        "٪",
        "🦄",
        "%",
        "_",
        "{}",
        "$$",
        "--",
    ],
)
def test_library_any_text_is_answered(client, practice, typed):
    assert client.get("/en/practices/", {"q": typed}).status_code == 200


def test_unknown_address_is_answered_in_its_language(client):
    response = client.get("/ar/nowhere/")
    assert response.status_code == 404
    assert '<html lang="ar" dir="rtl">' in response.content.decode()


def test_form_without_token_is_refused_in_words(db):
    response = Client(enforce_csrf_checks=True).post("/sv/accounts/login/", {"login": "anna@example.org"})
    assert response.status_code == 403
    assert '<html lang="sv" dir="ltr">' in response.content.decode()
    assert "Formuläret kunde inte tas emot" in response.content.decode()


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_error_page_stands_by_itself(rf, status):
    from django.template.loader import render_to_string

    request = rf.get("/sv/")
    with translation.override("sv"):
        html = render_to_string(f"{status}.html", {"status": status}, request=request)
    assert f'<p class="status">{status}</p>' in html


def test_healthz_needs_nothing(client):
    assert client.get("/healthz").content == b"ok"


def test_readyz_without_beat_says_so(client):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == {"ok": True}
    assert response.json()["checks"]["beat"] == {"ok": False, "reason": "never seen"}


def test_security_headers_stand_on_every_page(client):
    response = client.get("/en/")
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert (response["X-Content-Type-Options"], response["X-Frame-Options"]) == ("nosniff", "DENY")


def test_sitemap_lists_a_practice_in_its_own_language(client, practice):
    assert (
        f"/it/practices/{practice.pk}-antenne-contro-le-voci/" in client.get("/sitemap-practices.xml").content.decode()
    )


def test_search_of_the_hub_leads_to_the_library(client):
    response = client.get("/en/search/?q=a+b")
    assert response["Location"] == "/en/practices/?q=a+b"


def test_practice_page_in_arabic_has_arabic_commas_and_no_others(client, practice):
    html = page(client, f"/ar/practices/{practice.pk}-/")

    place = re.search(r'<p class="place">.*?</span>', html)[0]
    languages = re.search(r"<dt>اللغات</dt><dd>(.*?)</dd>", html)[1]
    assert place == '<p class="place"><span><a href="/ar/cities/reggio/">Reggio Emilia</a>، إيطاليا</span>'
    assert languages == '<span lang="it" dir="ltr">Italiano</span>'


def test_practice_page_names_the_languages_it_can_be_read_in(client, practice):
    practice.title_en, practice.summary_en = "Antennas", "Students collect rumours."
    practice.save()
    reindex([practice.pk])

    html = page(client, f"/ar/practices/{practice.pk}-/")

    english = f'<a href="/en/practices/{practice.pk}-antennas/" lang="en" dir="ltr" hreflang="en">English</a>'
    assert f"{english}." in html
    assert "Italiano</a>، <a" in html


@pytest.mark.parametrize(
    ("language", "pattern"), [("en", "Did you mean: <a .*</a>\\?</p>"), ("ar", "هل تقصد: <a .*</a>؟</p>")]
)
def test_nothing_found_asks_with_the_mark_of_the_readers_language(client, practice, language, pattern):
    make_practice(texts={"title_en": "Neighbourhood mediation"}, published=True)

    html = page(client, f"/{language}/practices/?q=dialogoo&country=XX&theme=nope&city=reggio&language=sv")

    assert re.search(pattern, html)


def test_chip_of_a_text_is_quoted_and_keeps_its_own_direction(client, practice):
    """The marks are the browser's, by the language of the page."""
    html = page(client, "/ar/practices/?q=dialogo")

    assert "</span><q><bdi>dialogo</bdi></q> <span" in html


@pytest.mark.parametrize(
    ("language", "posts", "expected"),
    [
        ("en", "1.00", "1 full-time post"),
        ("en", "2.00", "2 full-time posts"),
        ("en", "0.50", "0.5 full-time posts"),
        ("fr", "1.00", "Poste à temps plein\u00a0: 1"),
        ("fr", "1.50", "Postes à temps plein\u00a0: 1,5"),
        ("ar", "1.00", "وظيفة بدوام كامل: 1"),
        ("ro", "21.50", "Posturi cu normă întreagă: 21,5"),
        ("sv", "1.00", "1 heltidstjänst"),
    ],
)
def test_full_time_posts_are_counted_as_the_language_does(language, posts, expected):
    with translation.override(language):
        assert full_time_posts(Practice(staff_fte=Decimal(posts))) == expected
