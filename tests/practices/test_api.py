import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from networks.models import Organisation
from practices.api import AdaptationSerializer, PracticeDetailSerializer, PracticeSerializer
from practices.filters import CONDITIONS, PracticeFilter
from practices.models import Practice
from practices.search.facets import FACETS
from practices.search.indexing import reindex
from practices.search.request import SORTS
from practices.services import archive
from tests.factories import make_city, make_network, make_practice, make_term
from tests.practices.test_library import library, random_query  # noqa: F401
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db

LIST = "/api/v1/practices/"
COMMON_FIELDS = [
    "id",
    "external_id",
    "source_language",
    "languages",
    "url",
    "api_url",
    "title",
    "summary",
    "city",
    "country",
    "networks",
    "themes",
    "evidence",
    "published_at",
    "confirmed_on",
    "updated_at",
]
ADAPTATION_FIELDS = ["city", "practice", "kept", "changed", "result", "confirmed_at"]
LIST_FIELDS = [*COMMON_FIELDS, "found_in"]
DETAIL_FIELDS = [
    *COMMON_FIELDS,
    "geographic_scope",
    "prevention_level",
    "lifecycle",
    "budget_band",
    "eu_programme",
    "evaluation_outcome",
    "evaluator",
    "transferability",
    "approaches",
    "beneficiaries",
    "delivered_by",
    "funding_sources",
    "prerequisites",
    "lead_organisation",
    "partners",
    "starts_on",
    "ends_on",
    "budget_amount",
    "budget_currency",
    "staff_fte",
    "texts",
    "attachments",
    "adapted_from",
    "adapted_by",
    "assurance",
    "licence",
    "version",
    "citation",
    "pdf_url",
]


def get(client, address, status=200, **headers):
    response = client.get(address, headers=headers)
    assert response.status_code == status, response.content
    return response.json()


def ids(answer):
    return [record["id"] for record in answer["results"]]


def refusals(answer):
    return [(error["parameter"], error["value"]) for error in answer["errors"]]


def site(path):
    return settings.SITE_URL + path


@pytest.fixture
def school():
    """A practice of which everything is told."""
    theme = make_term(Scheme.THEME, "hate-speech-crime", label_en="Hate speech", label_sv="Hatprat")
    evidence = make_term(Scheme.EVIDENCE_LEVEL, "external-evaluation", label_en="External evaluation", order=4)
    return make_practice(
        language="it",
        city=make_city("Turin", "IT", slug="torino", name_it="Torino", name_sv="Turin"),
        networks=[make_network("cities-of-dialogue", name_en="Cities of Dialogue")],
        themes=[theme],
        approaches=[make_term(Scheme.APPROACH, "training", label_en="Training")],
        beneficiaries=[make_term(Scheme.BENEFICIARY, "children", label_en="Children")],
        evidence_level=evidence,
        external_id="school-1",
        published_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
        confirmed_on=date(2026, 4, 1),
        starts_on=date(2024, 9, 17),
        budget_amount=Decimal(1500),
        licence="CC0-1.0",
        lead_organisation=Organisation.objects.create(name_en="Municipality of Turin"),
        texts={
            "title_it": "Scuola aperta",
            "summary_it": "Porte aperte.",
            "title_en": "Open school",
            "summary_en": "Doors.",
        },
    )


# Records -----------------------------------------------------------------------------------------


def test_list_record_is_exactly_what_is_public(client, school):
    answer = get(client, f"{LIST}?language=en")
    assert answer == {
        "count": 1,
        "next": None,
        "previous": None,
        "results": [
            {
                "id": school.pk,
                "external_id": "school-1",
                "source_language": "it",
                "languages": ["it", "en"],
                "url": site(f"/en/practices/{school.pk}-open-school/"),
                "api_url": site(f"/api/v1/practices/{school.pk}/"),
                "title": {"text": "Open school", "language": "en"},
                "summary": {"text": "Doors.", "language": "en"},
                "city": {"slug": "torino", "name": "Turin", "country": "IT"},
                "country": {"code": "IT", "label": "Italy"},
                "networks": [{"slug": "cities-of-dialogue", "name": "Cities of Dialogue"}],
                "themes": [{"code": "hate-speech-crime", "label": "Hate speech"}],
                "evidence": {"code": "external-evaluation", "label": "External evaluation"},
                "published_at": "2026-03-01T09:00:00Z",
                "confirmed_on": "2026-04-01",
                "updated_at": school.updated_at.isoformat().replace("+00:00", "Z"),
                "found_in": None,
            }
        ],
    }


def test_list_record_for_a_reader_whose_language_is_missing_names_the_language_shown(client, school):
    record = get(client, f"{LIST}?language=sv")["results"][0]
    assert record["title"] == {"text": "Scuola aperta", "language": "it"}
    assert record["url"] == site(f"/sv/practices/{school.pk}-scuola-aperta/")
    assert record["themes"] == [{"code": "hate-speech-crime", "label": "Hatprat"}]
    assert record["country"] == {"code": "IT", "label": "Italien"}


def test_detail_begins_with_the_record_of_the_list(client, school):
    listed = get(client, f"{LIST}?language=sv")["results"][0]
    detail = get(client, f"{LIST}{school.pk}/?language=sv")
    assert {name: detail[name] for name in COMMON_FIELDS} == {name: listed[name] for name in COMMON_FIELDS}


def test_detail_tells_texts_in_every_language_and_values_with_labels(client, school):
    record = get(client, f"{LIST}{school.pk}/?language=en")
    assert record["texts"]["title"] == {"it": "Scuola aperta", "en": "Open school"}
    assert record["texts"]["harm_statement"] == {}
    assert record["approaches"] == [{"code": "training", "label": "Training"}]
    assert record["beneficiaries"] == [{"code": "children", "label": "Children"}]
    assert record["prevention_level"] is None
    assert record["lead_organisation"] == "Municipality of Turin"
    assert (record["starts_on"], record["ends_on"]) == ("2024-09", None)
    assert (record["budget_amount"], record["budget_currency"], record["staff_fte"]) == ("1500.00", "EUR", None)
    assert record["licence"] == {
        "code": "CC0-1.0",
        "label": "CC0 1.0",
        "url": "https://creativecommons.org/publicdomain/zero/1.0/",
    }
    assert record["citation"] == (
        f"Municipality of Turin (2026). Open school. {settings.SITE_NAME}, practice {school.pk}, version 1."
        f" {site(f'/en/practices/{school.pk}/')}"
    )
    assert record["pdf_url"] == site(f"/en/practices/{school.pk}-open-school.pdf")


def test_detail_attachments_have_absolute_addresses(client, school, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = SimpleUploadedFile("secret name.pdf", b"%PDF")
    document = school.documents.create(file=file, language="it", title_it="Guida", title_en="Guide")
    school.links.create(url="https://example.org/a", title_it="Sito")
    attachments = get(client, f"{LIST}{school.pk}/")["attachments"]
    assert attachments == {
        "images": [],
        "documents": [
            {"url": site(document.file.url), "language": "it", "title": {"en": "Guide", "it": "Guida"}},
        ],
        "links": [{"url": "https://example.org/a", "title": {"it": "Sito"}}],
    }


def test_records_have_exactly_the_fields_of_the_schema(client, school):
    listed = get(client, LIST)["results"][0]
    detail = get(client, f"{LIST}{school.pk}/")
    assert list(listed) == LIST_FIELDS
    assert list(detail) == DETAIL_FIELDS
    assert sorted(PracticeSerializer().fields) == sorted(LIST_FIELDS)
    assert sorted(PracticeDetailSerializer().fields) == sorted(DETAIL_FIELDS)
    assert list(AdaptationSerializer().fields) == ADAPTATION_FIELDS


def test_no_answer_tells_of_people_or_of_the_making(client, school):
    author = get_user_model().objects.create_user("canary-author@example.org", name="Canary Author")
    Practice.objects.filter(pk=school.pk).update(
        contact_email="canary-contact@example.org", created_by=author, external_source="canary-source"
    )
    for address in (LIST, f"{LIST}{school.pk}/", f"/en/practices/{school.pk}-open-school.json"):
        assert "canary" not in client.get(address).content.decode().lower()
    assert "canary" in str(Practice.objects.values().get()).lower()


def test_hidden_place_is_told_by_its_country_only(client, school):
    Practice.objects.filter(pk=school.pk).update(location_precision="hidden")
    reindex([school.pk])
    for record in (get(client, LIST)["results"][0], get(client, f"{LIST}{school.pk}/")):
        assert record["city"] is None
        assert record["country"] == {"code": "IT", "label": "Italy"}
    assert "torino" not in client.get(f"{LIST}{school.pk}/").content.decode()
    assert get(client, f"{LIST}?city=torino")["count"] == 0
    assert get(client, f"{LIST}?country=IT")["count"] == 1


def test_json_beside_the_page_is_the_record_of_the_api(client, school):
    for language in ("en", "ar"):
        with translation.override(language):
            slug = Practice.objects.get().slug
        response = client.get(f"/{language}/practices/{school.pk}-{slug}.json")
        assert response["Content-Type"] == "application/json"
        assert response.content == client.get(f"{LIST}{school.pk}/?language={language}").content


def test_json_at_an_outdated_address_leads_to_the_present_one(client, school):
    response = client.get(f"/en/practices/{school.pk}-closed-school.json")
    assert response.status_code == 301
    assert response["Location"] == f"/en/practices/{school.pk}-open-school.json"


def test_page_links_to_its_other_forms(client, school):
    page = client.get(f"/en/practices/{school.pk}-open-school/").content.decode()
    assert f'href="/en/practices/{school.pk}-open-school.json"' in page
    assert f'href="/en/practices/{school.pk}-open-school.pdf"' in page


# The reader's language ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "sv-SE,sv;q=0.9", "sv"),
        ("", "de", "en"),
        ("?language=it", "sv", "it"),
        ("?language=", "sv", "sv"),
    ],
)
def test_language_comes_from_the_parameter_then_the_header_then_english(client, school, query, accepted, language):
    response = client.get(LIST + query, headers={"accept-language": accepted})
    assert response["Content-Language"] == language
    assert f"/{language}/practices/" in response.json()["results"][0]["url"]
    assert "accept-language" in response["Vary"].lower()


def test_unchanged_answer_keeps_its_language(client, school):
    first = client.get(f"{LIST}?language=it", headers={"accept-language": "sv"})
    second = client.get(f"{LIST}?language=it", headers={"accept-language": "sv", "if-none-match": first["ETag"]})
    assert (second.status_code, second["Content-Language"]) == (304, "it")


def test_languages_of_two_readers_never_mix(client, school):
    for _ in range(3):
        for language in ("ar", "en"):
            assert f"/{language}/" in get(client, f"{LIST}?language={language}")["results"][0]["url"]
    assert translation.get_language() == "en"


# Filters -----------------------------------------------------------------------------------------


def as_api_query(query):
    return query.replace("language=", "available_in=")


@pytest.mark.parametrize("sort", ["newest", "confirmed", "evidence", "title"])
def test_list_equals_plain_filter_of_the_records(client, library, sort):  # noqa: F811
    differing = []
    with translation.override("sv"):
        for _ in range(50):
            query = f"{as_api_query(random_query(library))}&sort={sort}".lstrip("&")
            plain = [practice.pk for practice in PracticeFilter(QueryDict(query), Practice.objects.public()).qs]
            answer = get(client, f"{LIST}?{query}&page_size=100&language=sv")
            if (ids(answer), answer["count"]) != (plain, len(plain)):
                differing.append(query)
    assert differing == []


def test_list_differs_from_plain_filter_when_the_index_is_behind(client, library):  # noqa: F811
    Practice.objects.filter(pk=ids(get(client, LIST))[0]).update(visibility="network")
    plain = PracticeFilter(QueryDict(), Practice.objects.public()).qs
    assert get(client, LIST)["count"] == plain.count() + 1


@pytest.mark.parametrize("text", ["lighthouse", "light* house", "-harbour", "lighthouse -harbour", '"two words"'])
def test_search_equals_plain_filter_of_the_records(client, text):
    for title in ("Lighthouse", "Lighthouse in the harbour", "Two words", "Words, two", "Harbour"):
        make_practice(texts={"title_en": title})
    query = QueryDict(mutable=True)
    query["q"] = text
    plain = sorted(PracticeFilter(query, Practice.objects.public()).qs.values_list("pk", flat=True))
    assert sorted(ids(get(client, f"{LIST}?{query.urlencode()}"))) == plain


def test_list_shows_what_the_page_shows_in_its_order(client, library):  # noqa: F811
    for _ in range(10):
        query = random_query(library)
        shown = [card.practice_id for card in client.get(f"/en/practices/?{query}").context["cards"] or ()]
        assert ids(get(client, f"{LIST}?{as_api_query(query)}")) == shown


def test_filter_has_every_facet_and_sort_of_the_page():
    facets = {"available_in" if facet.name == "language" else facet.name for facet in FACETS}
    assert set(CONDITIONS) == facets
    assert set(PracticeFilter.base_filters) == {*facets, "q", "sort", "external_id"}
    assert {choice for choice, _ in PracticeFilter.base_filters["sort"].extra["choices"]} == set(SORTS)


def test_found_in_is_the_language_of_the_hit(client, school):
    answer = get(client, f"{LIST}?q=scuola&language=en")
    assert [(record["id"], record["found_in"]) for record in answer["results"]] == [(school.pk, "it")]


def test_available_in_filters_and_language_does_not(client, school):
    other = make_practice(language="sv")
    assert ids(get(client, f"{LIST}?available_in=sv")) == [other.pk]
    assert get(client, f"{LIST}?language=sv")["count"] == 2
    assert get(client, f"{LIST}?language=sv&available_in=it&available_in=en")["count"] == 1


def test_external_id_finds_exactly_that_record(client, school):
    make_practice(external_id="school-10", external_source="one")
    twin = make_practice(
        external_id="school-1", external_source="another", published_at=datetime(2026, 5, 1, tzinfo=UTC)
    )
    assert ids(get(client, f"{LIST}?external_id=school-1")) == [twin.pk, school.pk]
    assert ids(get(client, f"{LIST}?external_id=school-1&country=IT")) == [school.pk]
    assert get(client, f"{LIST}?external_id=school")["count"] == 0
    second = get(client, f"{LIST}?external_id=school-1&page=2&page_size=1")
    assert (ids(second), second["count"], second["next"]) == ([school.pk], 2, None)


def test_unknown_values_are_refused_by_name(client, school):
    answer = get(
        client, f"{LIST}?theme=nope&country=XX&city=nowhere&sort=best&available_in=tlh&language=xx&page=0", 400
    )
    assert sorted(refusals(answer)) == [
        ("available_in", "tlh"),
        ("city", "nowhere"),
        ("country", "XX"),
        ("language", "xx"),
        ("page", "0"),
        ("sort", "best"),
        ("theme", "nope"),
    ]


def test_one_unknown_value_is_refused_with_this_body(client):
    assert get(client, f"{LIST}?theme=nope", 400) == {
        "detail": "The request was not understood.",
        "errors": [{"parameter": "theme", "value": "nope", "message": "Unknown value."}],
    }


def test_city_with_a_letter_the_database_refuses_is_unknown(client):
    assert refusals(get(client, f"{LIST}?city=%00", 400)) == [("city", "")]
    assert client.get("/en/practices/?city=%00").status_code == 200


@pytest.mark.parametrize("name", ["author__email", "contact_email", "created_by", "status", "visibility", "teme"])
def test_parameter_that_does_not_exist_is_refused(client, school, name):
    answer = get(client, f"{LIST}?{name}=x", 400)
    assert refusals(answer) == [(name, "x")]


@pytest.mark.parametrize("size", ["0", "101", "-1", "x", "1e1", "٣", "1" * 30])
def test_page_size_out_of_range_is_refused(client, size):
    assert [name for name, _ in refusals(get(client, f"{LIST}?page_size={size}", 400))] == ["page_size"]


def test_text_that_is_too_long_or_names_a_record_as_well_is_refused(client):
    assert [name for name, _ in refusals(get(client, f"{LIST}?q={'x' * 201}", 400))] == ["q"]
    assert refusals(get(client, f"{LIST}?q=a&external_id=b", 400)) == [("external_id", "b")]


def test_refusal_quotes_hostile_values_clean_and_short(client):
    answer = get(client, f"{LIST}?theme=%00%E2%80%AE{'x' * 500}", 400)
    assert refusals(answer) == [("theme", "x" * 80)]


# Pages -------------------------------------------------------------------------------------------


def test_pages_link_to_their_neighbours_with_everything_that_was_asked(client):
    made = [make_practice(published_at=datetime(2026, 1, day, tzinfo=UTC)).pk for day in range(1, 6)]
    first = get(client, f"{LIST}?country=SE&page_size=2")
    second = get(client, first["next"].removeprefix(settings.SITE_URL))
    third = get(client, second["next"].removeprefix(settings.SITE_URL))
    beyond = get(client, f"{LIST}?page=9&page_size=2")
    assert [ids(page) for page in (first, second, third)] == [made[:2:-1], made[2:0:-1], made[:1]]
    assert {page["count"] for page in (first, second, third, beyond)} == {5}
    assert (first["previous"], third["next"]) == (None, None)
    assert first["next"] == site(f"{LIST}?country=SE&page_size=2&page=2")
    assert second["previous"] == site(f"{LIST}?country=SE&page_size=2")
    assert third["previous"] == site(f"{LIST}?country=SE&page_size=2&page=2")
    assert (beyond["results"], beyond["previous"]) == ([], site(f"{LIST}?page=3&page_size=2"))


def test_addresses_do_not_follow_a_forged_host(client, school):
    response = client.get(f"{LIST}?page_size=1", headers={"host": "localhost", "x-forwarded-host": "evil.example"})
    assert "evil.example" not in response.content.decode()
    assert response.json()["results"][0]["api_url"] == site(f"/api/v1/practices/{school.pk}/")


def test_largest_page_holds_100(client):
    theme, approach = make_term(Scheme.THEME), make_term(Scheme.APPROACH)
    city, beneficiary = make_city(), make_term(Scheme.BENEFICIARY)
    made = [
        make_practice(
            themes=[theme], approaches=[approach], beneficiaries=[beneficiary], city=city, index=False,
            published_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number),
        ).pk
        for number in range(101)
    ]  # fmt: skip
    reindex(made)
    answer = get(client, f"{LIST}?page_size=100")
    assert (ids(answer), answer["count"]) == (made[:0:-1], 101)


# Statements --------------------------------------------------------------------------------------


def statements(client, address):
    with CaptureQueriesContext(connection) as queries:
        get(client, address)
    return len(queries)


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", 6), ("?theme=polarisation&country=SE", 6), ("?q=title", 5), ("?external_id=x", 5)],
)
def test_list_takes_the_same_statements_for_1_and_3_rows(client, query, expected):
    theme = make_term(Scheme.THEME, "polarisation")
    network = make_network()

    def add(source):
        make_practice(themes=[theme], networks=[network], external_id="x", external_source=source)

    add("1")
    get(client, LIST + query)
    one = statements(client, LIST + query)
    add("2")
    add("3")
    assert get(client, LIST + query)["count"] == 3
    assert statements(client, LIST + query) == one == expected


def test_detail_takes_the_same_statements_whatever_it_holds(client, school):
    bare = statements(client, f"{LIST}{school.pk}/")
    for number in range(3):
        school.partners.add(Organisation.objects.create(name_en=f"Partner {number}"))
        school.approaches.add(make_term(Scheme.APPROACH))
        school.networks.add(make_network())
    full = statements(client, f"{LIST}{school.pk}/")
    assert (bare, full) == (5, 6)


# What must not be seen ---------------------------------------------------------------------------


HIDDEN = {
    "draft": {"published": False},
    "for members": {"visibility": "network"},
    "for coordinators": {"visibility": "coordinators"},
    "archived": {"status": "archived"},
}


@pytest.fixture(params=[*HIDDEN, "taken down"])
def hidden(request, admin_user):
    """A practice that is not public, with values that no other has; beside it one that is."""
    make_practice()
    theme = make_term(Scheme.THEME, "canary-theme")
    status = {"archived": "archived"}.get(request.param)
    values = {name: value for name, value in HIDDEN.get(request.param, {}).items() if name != "status"}
    practice = make_practice(
        themes=[theme],
        city=make_city("Canary town", "MT", slug="canary-town"),
        networks=[make_network("canary-network")],
        external_id="canary-id",
        texts={"title_en": "Canary lighthouse"},
        index=False,
        **values,
    )
    if status:
        Practice.objects.filter(pk=practice.pk).update(status=status)
    reindex([practice.pk])
    if request.param == "taken down":
        archive(practice, actor=admin_user)
    return practice


QUERIES = ["theme=canary-theme", "city=canary-town", "country=MT", "network=canary-network", "external_id=canary-id"]


def test_hidden_practice_is_absent_from_lists_counts_and_details(client, hidden, admin_user):
    for user in (None, admin_user):
        if user:
            client.force_login(user)
        assert get(client, LIST)["count"] == 1
        assert hidden.pk not in ids(get(client, LIST))
        for query in QUERIES:
            assert get(client, f"{LIST}?{query}") == {"count": 0, "next": None, "previous": None, "results": []}
        found = get(client, f"{LIST}?q=lighthouse")
        assert found["count"] == 0
        get(client, f"{LIST}{hidden.pk}/", 404)


def test_hidden_practice_is_404_as_json_and_pdf(client, hidden):
    for form in ("json", "pdf"):
        for slug in (hidden.slug, "anything"):
            response = client.get(f"/en/practices/{hidden.pk}-{slug}.{form}")
            assert response.status_code == 404
            assert "Canary" not in response.content.decode()


def test_practice_that_could_leak_is_found_once_it_is_public(client):
    practice = make_practice(
        themes=[make_term(Scheme.THEME, "canary-theme")],
        city=make_city("Canary town", "MT", slug="canary-town"),
        networks=[make_network("canary-network")],
        external_id="canary-id",
        texts={"title_en": "Canary lighthouse"},
    )
    for query in [*QUERIES, "q=lighthouse"]:
        assert ids(get(client, f"{LIST}?{query}")) == [practice.pk]
    assert get(client, f"{LIST}{practice.pk}/")["id"] == practice.pk


def test_preview_of_a_draft_shows_to_administrators_and_is_never_stored(client, admin_user):
    draft = make_practice(published=False, texts={"title_en": "Draft"})
    client.force_login(admin_user)
    response = client.get(f"/en/practices/{draft.pk}-draft.json")
    assert response.status_code == 200
    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert "ETag" not in response


# HTTP --------------------------------------------------------------------------------------------


def test_unchanged_answer_is_304_until_the_library_changes(client, school):
    for address in (LIST, f"{LIST}{school.pk}/", f"/en/practices/{school.pk}-open-school.json"):
        tag = client.get(address)["ETag"]
        assert client.get(address, headers={"if-none-match": tag}).status_code == 304
        assert client.get(f"{address}?language=sv", headers={"if-none-match": tag}).status_code != 304
        reindex([school.pk])
        assert client.get(address, headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize("path", ["", "0/", "999999/", "99999999999999999999999999/", "nope/"])
def test_errors_are_json(client, path):
    missing = get(client, f"{LIST}{path or '1/'}", 404)
    assert missing == {"detail": "Not found."}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_writing_is_refused_whatever_the_body(client, school, method):
    deep = "[" * 100_000
    for address in (LIST, f"{LIST}{school.pk}/"):
        response = getattr(client, method)(address, data=deep, content_type="application/json")
        assert response.status_code == 405
        assert list(response.json()) == ["detail"]
        assert response["Allow"] == "GET, HEAD, OPTIONS"


def test_json_nested_too_deep_to_parse_is_the_clients_error():
    class Echo(APIView):
        authentication_classes = ()

        def post(self, request):
            raise AssertionError(request.data)

    request = APIRequestFactory().post("/", data="[" * 100_000, content_type="application/json")
    response = Echo.as_view()(request)
    assert (response.status_code, list(response.data)) == (400, ["detail"])


@pytest.mark.parametrize("accepted", ["text/html", "application/xml", "*/*", "nonsense"])
def test_answer_is_json_whatever_is_accepted(client, school, accepted):
    response = client.get(LIST, headers={"accept": accepted})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert json.loads(response.content)["count"] == 1
