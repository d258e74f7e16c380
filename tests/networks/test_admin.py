import re

import pytest

from accounts.models import User
from networks.models import City, Membership, Network, Organisation
from tests.factories import make_city, make_network

NETWORKS = "/admin/networks/network/"
CITIES = "/admin/networks/city/"
GEONAMES = f"{CITIES}add-from-geonames/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client):
    client.force_login(User.objects.create_superuser("root@example.org", "a long password"))
    return client


def no_rows(*prefixes):
    return {f"{prefix}-{name}": 0 for prefix in prefixes for name in ("TOTAL_FORMS", "INITIAL_FORMS")}


def network_data(**values):
    return {
        "name_en": "Nordic",
        "slug": "nordic",
        "colour": "#123456",
        **no_rows("memberships", "working_groups"),
        **values,
    }


def test_network_is_added_with_its_working_languages(browser):
    answer = browser.post(f"{NETWORKS}add/", network_data(working_languages=["sv", "is"]))

    network = Network.objects.get()
    assert answer.status_code == 302
    assert (network.name_en, network.colour, network.working_languages) == ("Nordic", "#123456", ["sv", "is"])


def test_network_working_languages_are_named_in_the_admins_language(browser):
    browser.post("/i18n/setlang/", {"language": "sv", "next": "/admin/"})

    html = browser.get(f"{NETWORKS}add/").content.decode()

    assert re.search(r'value="is"[^>]*>\s*<span>isländska</span>', html)
    assert 'type="color"' in html


def test_network_unknown_language_is_refused_and_a_stored_one_is_kept(browser):
    network = make_network("nordic", working_languages=["se"])
    address = f"{NETWORKS}{network.pk}/change/"

    refused = browser.post(address, network_data(working_languages=["xx"]))
    kept = browser.post(address, network_data(working_languages=["se"]))

    assert list(refused.context["adminform"].form.errors) == ["working_languages"]
    assert kept.status_code == 302


def test_network_needs_its_english_name_only(browser):
    answer = browser.post(f"{NETWORKS}add/", network_data(name_en="", name_sv="Nordisk"))

    assert dict(answer.context["adminform"].form.errors) == {"name_en": ["This field is required."]}


def test_network_members_are_added_in_their_rows(browser):
    network, city = make_network("nordic"), make_city()
    row = {"memberships-TOTAL_FORMS": 1, "memberships-0-city": city.pk, "memberships-0-status": "member"}

    answer = browser.post(f"{NETWORKS}{network.pk}/change/", network_data(**row))

    assert answer.status_code == 302
    assert list(network.cities.all()) == [city]


def test_network_of_many_members_has_a_list_instead_of_rows(browser, monkeypatch):
    monkeypatch.setattr("networks.admin.records.ROWS_ON_A_PAGE", 1)
    network = make_network("nordic", cities=[make_city(), make_city()])

    html = browser.get(f"{NETWORKS}{network.pk}/change/").content.decode()
    found = browser.get("/admin/networks/membership/", {"network__id__exact": network.pk})

    assert "memberships-0-city" not in html
    assert f"?network__id__exact={network.pk}" in html
    assert found.context["cl"].result_count == 2


def test_membership_that_ends_before_it_begins_is_refused(browser):
    data = {"city": make_city().pk, "network": make_network().pk, "status": "former"}

    answer = browser.post(
        "/admin/networks/membership/add/", data | {"joined_on": "2024-02-01", "left_on": "2024-01-01"}
    )

    assert answer.context["adminform"].form.non_field_errors() == ["A membership cannot end before it begins."]
    assert not Membership.objects.exists()


def test_city_is_found_by_its_name_in_any_language(browser):
    make_city("Copenhagen", "DK", name_sv="Köpenhamn")
    make_city("Oslo", "NO")

    found = browser.get(CITIES, {"q": "köpen"}).context["cl"].result_list
    suggested = browser.get(
        "/admin/autocomplete/",
        {"term": "köpen", "app_label": "practices", "model_name": "practice", "field_name": "city"},
    ).json()

    assert [str(city) for city in found] == ["Copenhagen"]
    assert [result["text"] for result in suggested["results"]] == ["Copenhagen"]


def test_city_half_a_position_is_refused(browser):
    data = {"name_en": "Malmö", "slug": "malmo", "country": "SE", "latitude": "55.6", **no_rows("memberships")}

    answer = browser.post(f"{CITIES}add/", data)

    assert dict(answer.context["adminform"].form.errors) == {"longitude": ["A position needs both."]}
    assert not City.objects.exists()


def test_city_position_outside_the_world_is_refused_at_its_field(browser):
    data = {"name_en": "Malmö", "slug": "malmo", "country": "SE", "latitude": "95", "longitude": "13"}

    answer = browser.post(f"{CITIES}add/", data | no_rows("memberships"))

    assert "latitude" in answer.context["adminform"].form.errors
    assert not City.objects.exists()


def test_organisation_is_found_by_its_name_in_any_language(browser):
    Organisation.objects.create(name_en="City of Malmö", name_sv="Malmö stad")

    found = browser.get("/admin/networks/organisation/", {"q": "stad"}).context["cl"].result_list

    assert [str(organisation) for organisation in found] == ["City of Malmö"]


# GeoNames ----------------------------------------------------------------------------------------


def places(answer):
    return [(place.name, country, known) for place, country, known in answer.context["places"]]


def test_geonames_lists_the_places_of_a_name_the_largest_first(browser):
    answer = browser.get(GEONAMES, {"name": "Tripoli", "country": ""})

    assert [country for _, country, _ in places(answer)] == ["Libya", "Lebanon", "Greece"]


def test_geonames_says_what_the_register_has_already(browser):
    malmo = make_city("Malmö", geonames_id=2692969)

    answer = browser.get(GEONAMES, {"name": "malmo", "country": "SE"})

    assert places(answer) == [("Malmö", "Sweden", malmo)]


@pytest.mark.parametrize("name", ["2692969", " 2692969 "])
def test_geonames_takes_a_number_too(browser, name):
    answer = browser.get(GEONAMES, {"name": name, "country": ""})

    assert places(answer) == [("Malmö", "Sweden", None)]


def test_geonames_unknown_name_says_what_to_do(browser):
    html = browser.get(GEONAMES, {"name": "<script>Nowhere", "country": ""}).content.decode()

    assert "GeoNames has no place" in html
    assert "<script>Nowhere" not in html


def test_geonames_adds_a_city_with_place_and_names_once(browser):
    first = browser.post(GEONAMES, {"geonames_id": "2692969"})
    second = browser.post(GEONAMES, {"geonames_id": "2692969"})

    city = City.objects.get()
    assert first.url == second.url == f"{CITIES}{city.pk}/change/"
    assert (city.slug, city.country.code, city.name_ar, city.geonames_id) == ("malmo", "SE", "مالمو", 2692969)
    assert city.latitude == pytest.approx(55.6, abs=0.1)


@pytest.mark.parametrize("number", ["", "x", "1", "²", "9" * 30])
def test_geonames_unknown_number_adds_nothing(browser, number):
    answer = browser.post(GEONAMES, {"geonames_id": number}, follow=True)

    assert [str(message) for message in answer.context["messages"]] == ["GeoNames has no such place."]
    assert not City.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_geonames_needs_permission_to_add_cities(client, method):
    client.force_login(User.objects.create_user("staff@example.org", is_staff=True))

    assert getattr(client, method)(GEONAMES, {"geonames_id": "2692969"}).status_code == 403
    assert not City.objects.exists()
