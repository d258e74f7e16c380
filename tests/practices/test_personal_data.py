"""What a person leaves in the library and the register: all of it is exported, and no name stays after the erasure."""

import json

import pytest

from accounts import services as accounts
from common.models import OutboxMail
from networks.models import Membership, RoleAssignment
from networks.services import grant_role
from practices import services
from practices.models import Revision
from tests.accounts.test_personal_data import holding
from tests.factories import make_city, make_network, make_person, make_practice
from tests.practices.editorial import complete

pytestmark = pytest.mark.django_db
CANARY = "canary4406"
Role = RoleAssignment.Role


@pytest.fixture
def officer(admin_user):
    """Wrote, submitted, answered, translated, claimed an adaptation, was invited and got mails of all of it."""
    malmo, lund = make_city("Malmö"), make_city("Lund")
    network = make_network("nordic", cities=[malmo, lund])
    person = make_person(f"{CANARY}@malmo.example", name=f"Olle {CANARY}")
    coordinator = make_person("karin@example.org", name="Karin")
    grant_role(person, Role.CONTRIBUTOR, actor=admin_user, city=malmo)
    grant_role(coordinator, Role.COORDINATOR, actor=admin_user, network=network)
    Membership.objects.filter(city=malmo).update(focal_point=person)
    accounts.invite(person.email, "sv", coordinator, name=person.name)
    revision = services.start_practice(actor=person, city=malmo, source_language="sv", network_ids=[network.pk])
    services.save_revision(revision, complete(), actor=person, seen=0)
    services.submit(revision, actor=person)
    services.comment(revision, "My remark.", actor=person)
    services.request_changes(revision, actor=coordinator, note="More.")
    own = make_practice(city=malmo, language="sv", networks=[network])
    services.save_draft(own, "it", {"title": "Piazza"}, actor=person, seen=0)
    services.claim_adaptation(
        make_practice(city=lund), actor=person, city=malmo, source_language="sv", kept="Chairs.", changed="Time."
    )
    return person


def test_export_tells_what_a_person_did(officer):
    told = accounts.export_personal_data(officer)

    assert [role["role"] for role in told["networks"]["roles"]] == [Role.CONTRIBUTOR]
    assert told["networks"]["focal_point_of"] == ["Malmö, nordic"]
    did = told["practices"]
    assert [entry["title"] for entry in did["practices_begun"]] == ["Samtal på torget"]
    assert [entry["text"] for entry in did["remarks"]] == ["My remark."]
    assert [entry["stage"] for entry in did["steps"]] == ["draft", "submitted"]
    assert [entry["fields"] for entry in did["translations_written"]] == [["title"]]
    assert [entry["kept"] for entry in did["adaptations_claimed"]] == ["Chairs."]
    assert {mail["kind"] for mail in told["accounts"]["mails"]} >= {"changes-requested"}
    json.dumps(told)


def test_export_holds_nothing_of_others(officer):
    told = accounts.export_personal_data(make_person("stranger@example.org"))

    assert not any(told["practices"].values())
    assert not any(told["networks"].values())
    assert told["accounts"]["mails"] == []


def test_erase_leaves_no_name_beside_saves_nor_in_the_outbox(officer):
    before = holding(CANARY)

    accounts.erase(officer, officer)

    assert {"practices_revision", "practices_translation", "common_outboxmail"} <= set(before)
    # Mails to others tell who did what; their texts are forgotten after a month.
    OutboxMail.objects.exclude(person=officer).update(text="", html="")
    assert holding(CANARY) == []
    assert not RoleAssignment.objects.active().filter(person=officer).exists()


def test_erase_sends_what_waits_to_nobody(officer):
    accounts.erase(officer, officer)

    mails = OutboxMail.objects.filter(person=officer)
    assert {(mail.state, mail.subject, mail.text) for mail in mails} == {(OutboxMail.State.CANCELLED, "", "")}


def test_conflict_with_somebody_who_left_names_a_former_member(officer, admin_user):
    revision = Revision.objects.get()
    accounts.erase(officer, officer)

    outcome = services.save_revision(revision, {"title_sv": "Other"}, actor=admin_user, seen=0)

    assert outcome.conflicts["title_sv"]["by"] == "Former member"
