"""Confirmed adaptations outside the page: in the API, in the file beside the page, in the document to print."""

import json

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from networks.services import grant_role
from practices import services
from practices.documents import practice_address
from practices.documents.pdf import document_data, practice_pdf
from practices.models import Practice
from tests.factories import make_city, make_person, make_practice
from tests.practices.conftest import Role
from tests.practices.test_documents import outline

pytestmark = pytest.mark.django_db
TOLD = {"source_language": "it", "kept": "Il formato.", "changed": "La lingua.", "result": "Funziona."}


@pytest.fixture
def malmo(hub):
    """A public practice of Malmö in Swedish, and officers of other cities who adapted it."""
    hub.origin = make_practice(language="sv", city=hub.city, networks=[hub.network], texts={"title_sv": "Torgvärdar"})
    return hub


def adapted(hub, name="Torino", country="IT", *, confirmed=True, practice=None, **told):
    city = practice.city if practice else make_city(name, country, slug=f"the-{name.lower()}")
    person = make_person(language="it")
    grant_role(person, Role.FOCAL_POINT, actor=hub.admin, city=city)
    found = services.claim_adaptation(hub.origin, actor=person, city=city, practice=practice, **TOLD | told)
    return services.confirm_adaptation(found, actor=hub.officer) if confirmed else found


def italian_practice(**values):
    texts = {"title_it": "Ospiti della piazza", "title_ar": "مضيفو الساحة"}
    return make_practice(language="it", city=make_city("Torino", "IT", slug="torino"), texts=texts, **values)


def record(client, practice, language="en"):
    return client.get(f"/api/v1/practices/{practice.pk}/?language={language}").json()


def loaded(practice):
    return Practice.objects.select_related("city", "lead_organisation").get(pk=practice.pk)


def data(practice, language="en"):
    with translation.override(language):
        return document_data(loaded(practice))


def site(path):
    return settings.SITE_URL.rstrip("/") + path


def test_record_names_the_city_that_adapted_it_and_what_it_told(client, malmo):
    own = italian_practice()
    adaptation = adapted(malmo, practice=own)

    [told] = record(client, malmo.origin, "ar")["adapted_by"]

    assert told == {
        "city": {"slug": "torino", "name": "Torino", "country": "IT"},
        "practice": {
            "id": own.pk,
            "url": site(practice_address(own, "ar")),
            "api_url": site(f"/api/v1/practices/{own.pk}/"),
            "title": {"text": "مضيفو الساحة", "language": "ar"},
        },
        "kept": {"text": "Il formato.", "language": "it"},
        "changed": {"text": "La lingua.", "language": "it"},
        "result": {"text": "Funziona.", "language": "it"},
        "confirmed_at": adaptation.decided_at.isoformat().replace("+00:00", "Z"),
    }
    assert record(client, malmo.origin)["adapted_from"] == []


def test_record_names_the_practice_it_was_adapted_from_in_the_language_there_is(client, malmo):
    own = italian_practice()
    adapted(malmo, practice=own, result="")

    found = record(client, own, "fr")

    [told] = found["adapted_from"]
    assert told["practice"]["title"] == {"text": "Torgvärdar", "language": "sv"}
    assert told["city"] == {"slug": malmo.city.slug, "name": malmo.city.name, "country": "SE"}
    assert (told["kept"]["text"], told["result"]) == ("Il formato.", None)
    assert found["adapted_by"] == []


def test_json_beside_the_page_tells_the_same(client, malmo):
    own = italian_practice()
    adapted(malmo, practice=own)

    for practice in (malmo.origin, own):
        with translation.override("it"):
            address = practice_address(practice, "it", "practices:json")
        assert client.get(address).json() == record(client, practice, "it")


@pytest.mark.parametrize("values", [{"published": False}, {"visibility": "network"}])
def test_practice_that_is_not_public_is_named_nowhere(client, malmo, values):
    hidden = italian_practice(**values)
    adapted(malmo, practice=hidden)

    [told] = record(client, malmo.origin)["adapted_by"]

    assert (told["practice"], told["city"]["name"]) == (None, "Torino")
    assert "Ospiti" not in json.dumps(data(malmo.origin), ensure_ascii=False)


def test_origin_that_was_withdrawn_is_named_nowhere(client, malmo):
    own = italian_practice()
    adapted(malmo, practice=own)
    assert "Torgvärdar" in json.dumps(data(own), ensure_ascii=False)

    services.withdraw(malmo.origin, actor=malmo.admin, note="A person can be recognised.")

    assert record(client, own)["adapted_from"] == []
    assert "Torgvärdar" not in json.dumps(data(own), ensure_ascii=False)


def test_origin_with_a_hidden_place_keeps_its_city(client, malmo):
    own = italian_practice()
    adapted(malmo, practice=own)
    Practice.objects.filter(pk=malmo.origin.pk).update(location_precision="hidden")

    [told] = record(client, own)["adapted_from"]

    assert (told["city"], told["practice"]["id"]) == (None, malmo.origin.pk)


def test_adaptation_is_told_from_its_confirmation_on(client, malmo):
    adapted(malmo, confirmed=False)

    assert record(client, malmo.origin)["adapted_by"] == []
    assert "Il formato." not in json.dumps(data(malmo.origin))


def test_nothing_of_the_people_is_told(client, malmo):
    adaptation = adapted(malmo)
    type(adaptation).objects.update(note="canary note")

    text = client.get(f"/api/v1/practices/{malmo.origin.pk}/").content.decode() + json.dumps(data(malmo.origin))

    assert [word for word in ("canary", "claimed_by", "decided_by", adaptation.claimed_by.email) if word in text] == []


def test_record_takes_the_same_statements_for_1_and_3_adaptations(client, malmo):
    def statements():
        with CaptureQueriesContext(connection) as captured:
            record(client, malmo.origin)
        return len(captured)

    adapted(malmo, practice=italian_practice())
    one = statements()
    adapted(malmo, "Reims", "FR")
    adapted(malmo, "Cluj", "RO", practice=make_practice(language="ro"))

    assert statements() == one
    assert len(record(client, malmo.origin)["adapted_by"]) == 3


def test_document_tells_both_directions_with_languages_labelled(malmo):
    own = italian_practice()
    adapted(malmo, practice=own)

    by, origin = data(malmo.origin, "fr")["adaptations"], data(own, "fr")["adaptations"]

    assert (by["heading"], by["from"]["rows"], by["by"]["label"]) == ("Adaptations", [], "Adaptée par 1 ville")
    [part] = by["by"]["parts"]
    assert (part["city"], part["label"]) == ("Torino", "italien")
    assert [(text["text"], text["language"]) for text in part["texts"]] == [
        ("Il formato.", "it"),
        ("La lingua.", "it"),
        ("Funziona.", "it"),
    ]
    assert [(row["text"], row["label"]) for row in part["practice"]] == [("Ospiti della piazza", "italien")]
    assert origin["by"]["parts"] == []
    [row] = origin["from"]["rows"]
    assert row == {
        "text": "Torgvärdar",
        "language": "sv",
        "direction": "ltr",
        "label": "suédois",
        "href": site(f"/sv/practices/{malmo.origin.pk}/"),
    }


def test_document_in_the_language_of_the_adaptation_needs_no_label(malmo):
    adapted(malmo)

    [part] = data(malmo.origin, "it")["adaptations"]["by"]["parts"]

    assert part["label"] == ""


def test_document_without_adaptations_has_no_heading_for_them(malmo):
    assert (2, "Adaptations") not in outline(data(malmo.origin))
    adapted(malmo)
    assert [entry for entry in outline(data(malmo.origin)) if entry[0] == 3] == [(3, "Torino")]
    assert (2, "Adaptations") in outline(data(malmo.origin))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_pdf_with_adaptations_keeps_the_rules_of_accessible_documents(malmo, language):
    own = italian_practice()
    adapted(malmo, practice=own)
    adapted(malmo, "Amman", "JO", source_language="ar", kept='الفكرة #read("x")', changed="اللغة", result="")

    for practice in (malmo.origin, own):
        with translation.override(language):
            made = practice_pdf(loaded(practice))
        assert b"<pdfuaid:part>1</pdfuaid:part>" in made
