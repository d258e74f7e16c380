"""People of an event: who runs it, and who does not."""

import pytest

from networks.models import RoleAssignment
from networks.services import grant_role
from tests.factories import make_network, make_person


def make_coordinator(network, **values):
    person = make_person(**values)
    grant_role(person, RoleAssignment.Role.COORDINATOR, actor=make_person(is_superuser=True), network=network)
    return person


@pytest.fixture
def network(db):
    return make_network()


@pytest.fixture
def coordinator(network):
    return make_coordinator(network)
