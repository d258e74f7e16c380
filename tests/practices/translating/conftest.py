"""The people around a translated practice."""

import pytest

from networks.models import RoleAssignment
from networks.services import grant_role
from practices import services
from tests.factories import make_city, make_network, make_person, make_practice
from tests.practices.translating.texts import italian, swedish

Role = RoleAssignment.Role


@pytest.fixture
def desk(admin_user):
    """A Swedish practice of Malmö, in Italian too, with all who work on it and some who do not."""

    class Desk:
        admin = admin_user
        city = make_city("Malmö")
        network = make_network("nordic", cities=[city])
        foreign = make_network("foreign", cities=[make_city("Torino", "IT")])
        officer = make_person("officer@example.org")
        coordinator = make_person("coordinator@example.org")
        translator = make_person("translator@example.org")
        second = make_person("second@example.org")
        reviewer = make_person("reviewer@example.org")
        stranger = make_person("stranger@example.org")
        nobody = make_person("nobody@example.org")

    grant_role(Desk.officer, Role.CONTRIBUTOR, actor=admin_user, city=Desk.city)
    grant_role(Desk.coordinator, Role.COORDINATOR, actor=admin_user, network=Desk.network)
    for person in (Desk.translator, Desk.second):
        grant_role(person, Role.TRANSLATOR, actor=admin_user, network=Desk.network, language="it")
    grant_role(Desk.reviewer, Role.REVIEWER, actor=admin_user, network=Desk.network)
    grant_role(Desk.stranger, Role.COORDINATOR, actor=admin_user, network=Desk.foreign)
    Desk.practice = make_practice(
        language="sv", city=Desk.city, networks=[Desk.network], texts=swedish() | italian(), index=False
    )
    services.follow_sources([Desk.practice])
    return Desk
