import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from networks.services import grant_role
from practices import services
from practices.models import Adaptation
from practices.search.cards import load_cards
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version
from tests.factories import make_city, make_person, make_practice
from tests.practices.conftest import Role

pytestmark = pytest.mark.django_db
TOLD = {"source_language": "it", "kept": "Il formato.", "changed": "La lingua.", "result": "Funziona."}


@pytest.fixture
def torino(hub):
    """A public practice of Malmö, and an officer of another city."""
    hub.origin = make_practice(language="sv", city=hub.city, networks=[hub.network])
    hub.other_city = make_city("Torino", "IT")
    hub.italian = make_person("italian@example.org", language="it")
    grant_role(hub.italian, Role.FOCAL_POINT, actor=hub.admin, city=hub.other_city)
    return hub


def claim(hub, **changes):
    return services.claim_adaptation(hub.origin, actor=hub.italian, city=hub.other_city, **TOLD | changes)


def test_adaptation_is_shown_on_both_pages_and_the_card_once_confirmed(client, torino):
    own = make_practice(language="it", city=torino.other_city)
    adaptation = claim(torino, practice=own)
    assert "Il formato." not in client.get(torino.origin.get_absolute_url()).content.decode()
    services.confirm_adaptation(adaptation, actor=torino.officer)
    page = client.get(torino.origin.get_absolute_url()).content.decode()
    assert '<dd lang="it" dir="ltr"><p>Il formato.</p></dd>' in page
    assert own.get_absolute_url() in page
    assert torino.origin.get_absolute_url() in client.get(own.get_absolute_url()).content.decode()
    assert "Adapted by 1 city" in client.get(reverse("practices:list")).content.decode()


def test_card_counts_adaptations_in_its_one_statement_and_changes_its_version(torino, django_assert_num_queries):
    values = catalogue("en", library_version()[1])
    [before] = load_cards([torino.origin.pk], values)
    services.confirm_adaptation(claim(torino), actor=torino.officer)
    with django_assert_num_queries(1):
        [after] = load_cards([torino.origin.pk], values)
    assert (before.adaptations, after.adaptations, before.version == after.version) == (0, 1, False)


def test_page_tag_changes_with_a_confirmed_adaptation(client, torino):
    tag = client.get(torino.origin.get_absolute_url())["ETag"]
    services.confirm_adaptation(claim(torino), actor=torino.officer)
    assert client.get(torino.origin.get_absolute_url())["ETag"] != tag


def test_withdrawn_origin_and_own_practice_are_not_linked(client, torino):
    own = make_practice(language="it", city=torino.other_city)
    services.confirm_adaptation(claim(torino, practice=own), actor=torino.officer)
    services.withdraw(torino.origin, actor=torino.coordinator, note="Safety.")
    assert torino.origin.title_sv not in client.get(own.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("officer", True),
        ("coordinator", True),
        ("admin", True),
        ("italian", False),
        ("stranger", False),
        ("reviewer", False),
    ],
)
def test_origin_city_and_its_coordinators_confirm(torino, who, allowed):
    adaptation = claim(torino)
    if allowed:
        assert services.confirm_adaptation(adaptation, actor=getattr(torino, who)).state == "confirmed"
    else:
        with pytest.raises(PermissionDenied):
            services.confirm_adaptation(adaptation, actor=getattr(torino, who))


@pytest.mark.parametrize("who", ["officer", "coordinator", "reviewer", "stranger"])
def test_only_officers_of_the_adapting_city_claim(torino, who):
    with pytest.raises(PermissionDenied):
        services.claim_adaptation(torino.origin, actor=getattr(torino, who), city=torino.other_city, **TOLD)


def test_claim_is_once_per_city_but_anew_after_it_was_declined(torino):
    adaptation = claim(torino)
    with pytest.raises(ValidationError):
        claim(torino)
    with pytest.raises(ValidationError):
        services.decline_adaptation(adaptation, actor=torino.officer, note="")
    services.decline_adaptation(adaptation, actor=torino.officer, note="Never heard of it.")
    assert claim(torino).pk == adaptation.pk
    assert Adaptation.objects.get().state == "claimed"


def test_practice_of_a_third_city_is_refused(torino):
    with pytest.raises(ValidationError):
        claim(torino, practice=make_practice())


def test_form_is_offered_to_other_cities_alone_and_keeps_what_was_typed(client, torino):
    address = reverse("workspace:practice-adapt", args=[torino.origin.pk])
    for person, offered in ((torino.officer, False), (torino.italian, True)):
        client.force_login(person)
        assert (address in client.get(torino.origin.get_absolute_url()).content.decode()) == offered
    refused = client.post(address, {"kept": "Il formato."})
    assert (refused.status_code, "Il formato." in refused.content.decode()) == (422, True)
    accepted = client.post(address, {"city": torino.other_city.pk, **TOLD})
    adaptation = Adaptation.objects.get()
    assert accepted.url == reverse("workspace:adaptation", args=[adaptation.pk])


@pytest.mark.parametrize(
    ("who", "got", "posted"),
    [
        ("officer", 200, 302),
        ("coordinator", 200, 302),
        ("admin", 200, 302),
        ("italian", 200, 403),
        ("stranger", 404, 404),
        ("reviewer", 404, 404),
    ],
)
def test_page_of_an_adaptation_answers_each_role(client, torino, who, got, posted):
    address = reverse("workspace:adaptation", args=[claim(torino).pk])
    assert client.get(address).status_code == 302
    client.force_login(getattr(torino, who))
    assert client.get(address).status_code == got
    assert client.post(address, {"confirm": ""}).status_code == posted


def test_list_of_adaptations_is_of_those_concerned(client, torino):
    claim(torino)
    for who, count in (("officer", 1), ("italian", 1), ("coordinator", 1), ("stranger", 0)):
        client.force_login(getattr(torino, who))
        assert len(client.get(reverse("workspace:adaptations")).context["adaptations"]) == count
