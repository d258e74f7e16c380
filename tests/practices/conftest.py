import pytest

from common.outbox import queueing
from networks.models import RoleAssignment
from networks.services import grant_role
from practices import services
from tests.factories import make_city, make_network, make_person
from tests.practices.editorial import complete

Role = RoleAssignment.Role


@pytest.fixture
def hub(admin_user):
    """Malmö in a network with an officer, two coordinators, a reviewer; and another network with its coordinator."""

    class Hub:
        admin = admin_user
        city = make_city("Malmö")
        network = make_network("nordic", cities=[city])
        foreign = make_network("foreign", cities=[make_city("Torino", "IT")])
        officer = make_person("officer@example.org", language="sv")
        reviewer = make_person("reviewer@example.org")
        coordinator = make_person("coordinator@example.org")
        second = make_person("second@example.org")
        stranger = make_person("stranger@example.org")

    grant_role(Hub.officer, Role.CONTRIBUTOR, actor=admin_user, city=Hub.city)
    grant_role(Hub.reviewer, Role.REVIEWER, actor=admin_user, network=Hub.network)
    for person in (Hub.coordinator, Hub.second):
        grant_role(person, Role.COORDINATOR, actor=admin_user, network=Hub.network)
    grant_role(Hub.stranger, Role.COORDINATOR, actor=admin_user, network=Hub.foreign)
    return Hub


@pytest.fixture
def submitted(hub):
    revision = services.start_practice(actor=hub.officer, city=hub.city, source_language="sv")
    services.save_revision(revision, complete(), actor=hub.officer, seen=0)
    return services.submit(revision, actor=hub.officer)


@pytest.fixture
def sent(monkeypatch):
    """The mails handed over, as (kind, address)."""
    mails = []

    def deliver(kind, *, to, **rest):
        mails.append((kind, to))

    monkeypatch.setattr(queueing, "queue_mail", deliver)
    return mails
