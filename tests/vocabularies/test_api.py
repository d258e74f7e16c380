import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tests.factories import make_term
from vocabularies.api import TermSerializer, VocabularySerializer
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db

LIST = "/api/v1/vocabularies/"
FIELDS = ["scheme", "label", "api_url", "terms"]
TERM_FIELDS = ["code", "label", "labels", "definition", "alignment", "deprecated"]


def get(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status, response.content
    return response.json()


def codes(vocabulary):
    return [term["code"] for term in vocabulary["terms"]]


@pytest.fixture
def stages():
    make_term(Scheme.LIFECYCLE, "ongoing", order=2, label_en="Ongoing")
    make_term(
        Scheme.LIFECYCLE,
        "pilot",
        order=1,
        label_en="Pilot",
        label_sv="Försök",
        definition_sv="Prövas en tid.",
        alignment="https://example.org/pilot",
        synonyms_en="canary",
    )
    make_term(Scheme.LIFECYCLE, "rumoured", order=3, label_en="Rumoured", deprecated=True)


def test_vocabulary_is_told_in_the_readers_language_and_its_own_order(client, stages):
    with translation.override("sv"):
        label = str(Scheme.LIFECYCLE.label)
    assert get(client, f"{LIST}lifecycle/?language=sv") == {
        "scheme": "lifecycle",
        "label": label,
        "api_url": f"{settings.SITE_URL}{LIST}lifecycle/",
        "terms": [
            {
                "code": "pilot",
                "label": "Försök",
                "labels": {"en": "Pilot", "sv": "Försök"},
                "definition": {"text": "Prövas en tid.", "language": "sv"},
                "alignment": "https://example.org/pilot",
                "deprecated": False,
            },
            {
                "code": "ongoing",
                "label": "Ongoing",
                "labels": {"en": "Ongoing"},
                "definition": None,
                "alignment": "",
                "deprecated": False,
            },
            {
                "code": "rumoured",
                "label": "Rumoured",
                "labels": {"en": "Rumoured"},
                "definition": None,
                "alignment": "",
                "deprecated": True,
            },
        ],
    }


def test_definition_in_another_language_names_it(client, stages):
    pilot = get(client, f"{LIST}lifecycle/?language=en")["terms"][0]
    assert pilot["definition"] == {"text": "Prövas en tid.", "language": "sv"}


def test_list_has_every_scheme_with_its_terms(client, stages):
    answer = get(client, f"{LIST}?page_size=100")
    assert answer["count"] == len(Scheme.values)
    assert [vocabulary["scheme"] for vocabulary in answer["results"]] == Scheme.values
    assert {vocabulary["scheme"]: codes(vocabulary) for vocabulary in answer["results"] if vocabulary["terms"]} == {
        "lifecycle": ["pilot", "ongoing", "rumoured"]
    }


def test_list_filters_terms_by_whether_they_are_still_used(client, stages):
    def shown(query):
        return [code for vocabulary in get(client, LIST + query)["results"] for code in codes(vocabulary)]

    assert shown("?deprecated=true") == ["rumoured"]
    assert shown("?deprecated=false") == ["pilot", "ongoing"]
    assert get(client, f"{LIST}?deprecated=maybe", 400)["errors"][0]["parameter"] == "deprecated"


def test_records_have_exactly_the_fields_of_the_schema(client, stages):
    vocabulary = get(client, f"{LIST}lifecycle/")
    assert list(vocabulary) == list(VocabularySerializer().fields) == FIELDS
    assert sorted(vocabulary["terms"][0]) == sorted(TermSerializer().fields) == sorted(TERM_FIELDS)
    assert "canary" not in str(vocabulary)


def test_scheme_that_does_not_exist_is_404(client):
    assert get(client, f"{LIST}nope/", 404) == {"detail": "Not found."}


@pytest.mark.parametrize("address", [f"{LIST}?language=xx", f"{LIST}lifecycle/?language=xx"])
def test_unknown_language_is_refused(client, address):
    assert get(client, address, 400)["errors"] == [
        {"parameter": "language", "value": "xx", "message": "Unknown language."}
    ]


def test_list_takes_the_same_statements_for_1_and_3_terms(client):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            get(client, LIST)
        return len(queries)

    make_term(Scheme.THEME)
    one = statements()
    make_term(Scheme.THEME)
    make_term(Scheme.SCOPE)
    assert statements() == one == 2
