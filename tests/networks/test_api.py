from datetime import date, timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from networks.api import CitySerializer, NetworkDetailSerializer, NetworkSerializer
from networks.models import Membership, Organisation, WorkingGroup
from tests.factories import make_city, make_network

pytestmark = pytest.mark.django_db

CITIES, NETWORKS = "/api/v1/cities/", "/api/v1/networks/"
CITY_FIELDS = [
    "slug",
    "name",
    "names",
    "country",
    "region",
    "latitude",
    "longitude",
    "population",
    "population_band",
    "geonames_id",
    "description",
    "website",
    "networks",
    "url",
    "api_url",
    "practices_url",
]
NETWORK_FIELDS = [
    "slug",
    "name",
    "names",
    "description",
    "founded_on",
    "convenor",
    "working_languages",
    "website",
    "city_count",
    "url",
    "api_url",
    "practices_url",
]


def get(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status, response.content
    return response.json()


def slugs(answer):
    return [record["slug"] for record in answer["results"]]


def site(path):
    return settings.SITE_URL + path


@pytest.fixture
def malmo():
    return make_city(
        "Malmo",
        "SE",
        slug="malmo",
        name_sv="Malmö",
        latitude=55.6,
        longitude=13.0,
        population=362_000,
        geonames_id=2692969,
        description_sv="Vid Öresund.",
        website="https://malmo.se",
    )


@pytest.fixture
def nordic(malmo):
    convenor = Organisation.objects.create(name_en="Nordic Council", name_sv="Nordiska rådet")
    network = make_network(
        "nordic",
        cities=[malmo],
        name_en="Nordic cities",
        name_sv="Nordiska städer",
        founded_on=date(2016, 3, 29),
        convenor=convenor,
        working_languages=["sv", "en"],
    )
    WorkingGroup.objects.create(network=network, name_en="Schools", name_sv="Skolor", description_en="canary")
    return network


def test_city_record_is_exactly_this(client, nordic):
    assert get(client, f"{CITIES}malmo/?language=sv") == {
        "slug": "malmo",
        "name": "Malmö",
        "names": {"en": "Malmo", "sv": "Malmö"},
        "country": {"code": "SE", "label": "Sverige"},
        "region": "",
        "latitude": 55.6,
        "longitude": 13.0,
        "population": 362_000,
        "population_band": "250k-1m",
        "geonames_id": 2692969,
        "description": {"text": "Vid Öresund.", "language": "sv"},
        "website": "https://malmo.se",
        "networks": [{"slug": "nordic", "name": "Nordiska städer"}],
        "url": site("/sv/cities/malmo/"),
        "api_url": site("/api/v1/cities/malmo/"),
        "practices_url": site("/api/v1/practices/?city=malmo"),
    }


def test_network_record_is_exactly_this(client, nordic):
    assert get(client, f"{NETWORKS}nordic/?language=sv") == {
        "slug": "nordic",
        "name": "Nordiska städer",
        "names": {"en": "Nordic cities", "sv": "Nordiska städer"},
        "description": None,
        "founded_on": "2016-03-29",
        "convenor": "Nordiska rådet",
        "working_languages": ["sv", "en"],
        "website": "",
        "city_count": 1,
        "url": site("/sv/networks/nordic/"),
        "api_url": site("/api/v1/networks/nordic/"),
        "practices_url": site("/api/v1/practices/?network=nordic"),
        "cities": [{"slug": "malmo", "name": "Malmö", "country": "SE"}],
        "working_groups": [{"name": "Skolor"}],
    }


def test_records_have_exactly_the_fields_of_the_schema(client, nordic):
    assert list(get(client, CITIES)["results"][0]) == list(CitySerializer().fields) == CITY_FIELDS
    assert list(get(client, NETWORKS)["results"][0]) == list(NetworkSerializer().fields) == NETWORK_FIELDS
    detail = [*NETWORK_FIELDS, "cities", "working_groups"]
    assert list(get(client, f"{NETWORKS}nordic/")) == list(NetworkDetailSerializer().fields) == detail


def test_no_answer_tells_of_people(client, nordic):
    person = get_user_model().objects.create_user("canary@example.org", name="Canary")
    nordic.memberships.update(focal_point=person)
    for address in (CITIES, f"{CITIES}malmo/", NETWORKS, f"{NETWORKS}nordic/"):
        assert "canary" not in client.get(address).content.decode().lower()


@pytest.mark.parametrize(
    "change",
    [{"status": "applicant"}, {"status": "suspended"}, {"status": "former"}, {"left_on": date.today() - timedelta(2)}],
)
def test_membership_that_is_not_in_force_is_not_told(client, nordic, change):
    assert get(client, f"{NETWORKS}nordic/")["city_count"] == 1
    Membership.objects.update(**change)
    network = get(client, f"{NETWORKS}nordic/")
    assert (network["city_count"], network["cities"]) == (0, [])
    assert get(client, f"{CITIES}malmo/")["networks"] == []
    assert get(client, f"{CITIES}?network=nordic")["count"] == 0
    assert get(client, f"{NETWORKS}?country=SE")["count"] == 0


def test_cities_are_filtered_by_country_network_and_number(client, nordic):
    make_city("Oslo", "NO", slug="oslo")
    make_city("Aarhus", "DK", slug="aarhus")
    assert slugs(get(client, CITIES)) == ["aarhus", "malmo", "oslo"]
    assert slugs(get(client, f"{CITIES}?country=SE&country=NO")) == ["malmo", "oslo"]
    assert slugs(get(client, f"{CITIES}?network=nordic")) == ["malmo"]
    assert slugs(get(client, f"{CITIES}?geonames_id=2692969")) == ["malmo"]
    assert slugs(get(client, f"{CITIES}?country=NO&network=nordic")) == []


def test_networks_are_filtered_by_country(client, nordic):
    make_network("southern", cities=[make_city("Tunis", "TN")])
    assert slugs(get(client, NETWORKS)) == ["nordic", "southern"]
    assert slugs(get(client, f"{NETWORKS}?country=SE")) == ["nordic"]


def test_unknown_values_are_refused_by_name(client, nordic):
    query = "country=SE&country=se&network=nope&geonames_id=x&language=xx&focal_point=1"
    errors = get(client, f"{CITIES}?{query}", 400)["errors"]
    assert [(error["parameter"], error["value"]) for error in errors] == [
        ("focal_point", "1"),
        ("language", "xx"),
        ("country", "se"),
        ("network", "nope"),
        ("geonames_id", "x"),
    ]


@pytest.mark.parametrize("address", [f"{CITIES}nope/", f"{NETWORKS}nope/"])
def test_what_does_not_exist_is_404(client, address):
    assert get(client, address, 404) == {"detail": "Not found."}


def test_pages_link_to_their_neighbours(client):
    for number in range(3):
        make_city(slug=f"c{number}")
    page = get(client, f"{CITIES}?page=2&page_size=1")
    assert (slugs(page), page["count"]) == (["c1"], 3)
    assert page["next"] == site(f"{CITIES}?page=3&page_size=1")
    assert page["previous"] == site(f"{CITIES}?page_size=1")


@pytest.mark.parametrize(("address", "expected"), [(CITIES, 4), (NETWORKS, 4)])
def test_list_takes_the_same_statements_for_1_and_3_rows(client, address, expected):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            get(client, address)
        return len(queries)

    make_network(cities=[make_city()])
    one = statements()
    for _ in range(2):
        make_network(cities=[make_city(), make_city()])
    assert statements() == one == expected
