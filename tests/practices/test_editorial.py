import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from networks.models import RoleAssignment
from networks.services import grant_role
from practices import services
from practices.models import Practice, Revision
from tests.factories import make_practice
from tests.practices.editorial import complete, harmless

pytestmark = pytest.mark.django_db
Role = RoleAssignment.Role
Stage = Revision.Stage


def test_practice_goes_from_draft_to_public(hub, submitted):
    services.assign_reviewer(submitted, hub.reviewer, actor=hub.coordinator)
    scores = {"relevance": 3, "clarity": 2, "evidence": 1, "transferability": 3, "ethics": 3}
    services.finish_review(submitted, actor=hub.reviewer, scores=scores, verdict="change", summary="Mer om kostnader.")
    services.request_changes(submitted, actor=hub.coordinator, note="Skriv om kostnaderna.")
    submitted.refresh_from_db()
    services.save_revision(submitted, {"results_sv": "<p>Hälften kom.</p>"}, actor=hub.officer, seen=1)
    services.submit(submitted, actor=hub.officer)
    services.approve(submitted, actor=hub.coordinator)
    submitted.refresh_from_db()
    practice = Practice.objects.get(pk=submitted.practice_id)
    assert (submitted.stage, practice.status, practice.results_sv) == (
        Stage.PUBLISHED,
        Practice.Status.PUBLISHED,
        "<p>Hälften kom.</p>",
    )
    assert [step.to_stage for step in submitted.steps.all()] == [
        Stage.DRAFT,
        Stage.SUBMITTED,
        Stage.IN_REVIEW,
        Stage.CHANGES_REQUESTED,
        Stage.RESUBMITTED,
        Stage.APPROVED,
        Stage.PUBLISHED,
    ]
    assert [version.cause for version in practice.versions.order_by("number")] == [
        "submitted",
        "submitted",
        "published",
    ]


def test_submit_incomplete_revision_names_each_missing_field(hub):
    revision = services.start_practice(actor=hub.officer, city=hub.city, source_language="sv")
    services.save_revision(revision, {"title_sv": "Samtal"}, actor=hub.officer, seen=0)
    with pytest.raises(ValidationError) as refused:
        services.submit(revision, actor=hub.officer)
    assert "summary_sv" in refused.value.message_dict
    assert "harm:stigma" in refused.value.message_dict
    assert "title_sv" not in refused.value.message_dict


def test_save_field_changed_by_another_is_a_conflict_and_keeps_theirs(hub):
    revision = services.start_practice(actor=hub.officer, city=hub.city, source_language="sv")
    services.save_revision(revision, {"title_sv": "Ett"}, actor=hub.coordinator, seen=0)
    outcome = services.save_revision(revision, {"title_sv": "Två", "summary_sv": "Kort."}, actor=hub.officer, seen=0)
    revision.refresh_from_db()
    assert outcome.saved == ["summary_sv"]
    assert outcome.conflicts == {"title_sv": {"theirs": "Ett", "by": "coordinator@example.org"}}
    assert (revision.content["title_sv"], revision.content["summary_sv"]) == ("Ett", "Kort.")


def test_edit_of_published_practice_leaves_it_live_until_approved(hub):
    practice = make_practice(language="sv", city=hub.city, networks=[hub.network])
    live = practice.title_sv
    revision = services.open_revision(practice, actor=hub.officer)
    services.save_revision(
        revision, {"title_sv": "Nytt namn", "harm_checklist": harmless()}, actor=hub.officer, seen=0
    )
    services.submit(revision, actor=hub.officer)
    practice.refresh_from_db()
    assert practice.title_sv == live
    Practice.objects.filter(pk=practice.pk).update(summary_sv="Rättad under tiden.")
    services.approve(revision, actor=hub.coordinator)
    practice.refresh_from_db()
    assert (practice.title_sv, practice.summary_sv) == ("Nytt namn", "Rättad under tiden.")


def test_risk_without_mitigation_cannot_be_submitted(hub):
    revision = services.start_practice(actor=hub.officer, city=hub.city, source_language="sv")
    services.save_revision(revision, complete(harm_checklist=harmless(minors="yes")), actor=hub.officer, seen=0)
    with pytest.raises(ValidationError) as refused:
        services.submit(revision, actor=hub.officer)
    assert list(refused.value.message_dict) == ["harm-mitigation:minors"]


def test_risk_with_mitigation_needs_a_second_coordinator(hub):
    checklist = harmless(minors="yes")
    checklist["minors"]["mitigation"] = "Ansikten syns inte."
    revision = services.start_practice(actor=hub.officer, city=hub.city, source_language="sv")
    services.save_revision(revision, complete(harm_checklist=checklist), actor=hub.officer, seen=0)
    services.submit(revision, actor=hub.officer)
    services.approve(revision, actor=hub.coordinator)
    revision.refresh_from_db()
    assert (revision.stage, revision.practice.status) == (Stage.APPROVED, Practice.Status.DRAFT)
    with pytest.raises(ValidationError):
        services.release_harm(revision, actor=hub.coordinator)
    services.release_harm(revision, actor=hub.second)
    revision.practice.refresh_from_db()
    assert revision.practice.status == Practice.Status.PUBLISHED


@pytest.mark.parametrize("verb", ["approve", "request_changes", "reject", "assign_reviewer"])
@pytest.mark.parametrize("who", ["officer", "stranger", "reviewer"])
def test_only_coordinators_of_its_network_decide(hub, submitted, verb, who):
    arguments = {
        "approve": ((), {}),
        "request_changes": ((), {"note": "Mer."}),
        "reject": ((), {"reason": "other", "note": "Nej."}),
        "assign_reviewer": ((hub.reviewer,), {}),
    }
    args, options = arguments[verb]
    with pytest.raises(PermissionDenied):
        getattr(services, verb)(submitted, *args, actor=getattr(hub, who), **options)
    submitted.refresh_from_db()
    assert submitted.stage == Stage.SUBMITTED


def test_reviewer_of_the_same_city_is_never_asked(hub, submitted):
    grant_role(hub.reviewer, Role.CONTRIBUTOR, actor=hub.admin, city=hub.city)
    with pytest.raises(ValidationError):
        services.assign_reviewer(submitted, hub.reviewer, actor=hub.coordinator)


def test_withdrawn_practice_is_gone_from_list_and_search(hub):
    from practices.models import FacetDocument, SearchDocument

    practice = make_practice(city=hub.city, networks=[hub.network])
    services.withdraw(practice, actor=hub.coordinator, note="A person can be recognised.")
    assert practice.status == Practice.Status.WITHDRAWN
    assert not FacetDocument.objects.exists()
    assert not SearchDocument.objects.exists()


def test_restore_begins_a_revision_with_the_former_content(hub):
    practice = make_practice(language="en", city=hub.city, networks=[hub.network])
    old = services.keep_version(practice, "edited", actor=hub.admin)
    Practice.objects.filter(pk=practice.pk).update(title_en="Something else")
    practice.refresh_from_db()
    revision = services.restore(old, actor=hub.coordinator)
    assert revision.content["title_en"] == old.content["title_en"]


@pytest.mark.parametrize("who", ["admin", "officer", "reviewer", "coordinator", "second", "stranger"])
def test_lists_agree_with_predicates(hub, submitted, who):
    from practices import rules

    services.assign_reviewer(submitted, hub.reviewer, actor=hub.coordinator)
    make_practice(city=hub.city)
    make_practice(city=hub.city, networks=[hub.network], visibility="network")
    make_practice(city=hub.city, networks=[hub.network], visibility="coordinators")
    make_practice(published=False, networks=[hub.foreign])
    make_practice(published=False, networks=[hub.foreign, hub.network])
    person = getattr(hub, who)
    everything = list(Practice.objects.order_by("pk"))
    assert len(everything) == 6
    for queryset, predicate in [
        (Practice.objects.visible_to(person), rules.can_view),
        (Practice.objects.editable_by(person), rules.can_write),
        (Practice.objects.decided_by(person), rules.can_decide),
    ]:
        listed = set(queryset.values_list("pk", flat=True))
        assert listed == {practice.pk for practice in everything if predicate(person, practice)}


def test_coordinator_of_another_network_writes_for_the_own_city_only_while_it_is_with_the_authors(hub, submitted):
    grant_role(hub.stranger, Role.CONTRIBUTOR, actor=hub.admin, city=hub.city)
    with pytest.raises(PermissionDenied):
        services.save_revision(submitted, {"title_sv": "Anders"}, actor=hub.stranger, seen=9)
    services.save_revision(submitted, {"title_sv": "Rättat"}, actor=hub.coordinator, seen=9)


def risky_and_approved(hub):
    checklist = harmless(minors="yes")
    checklist["minors"]["mitigation"] = "Ansikten syns inte."
    revision = services.start_practice(actor=hub.officer, city=hub.city, source_language="sv")
    services.save_revision(revision, complete(harm_checklist=checklist), actor=hub.officer, seen=0)
    services.submit(revision, actor=hub.officer)
    services.approve(revision, actor=hub.coordinator)
    revision.refresh_from_db()
    return revision


def test_coordinator_who_works_for_the_city_releases_nothing_of_it(hub):
    revision = risky_and_approved(hub)
    grant_role(hub.second, Role.CONTRIBUTOR, actor=hub.admin, city=hub.city)
    with pytest.raises(PermissionDenied):
        services.release_harm(revision, actor=hub.second)


def test_release_is_offered_to_the_second_person_only(client, hub):
    revision = risky_and_approved(hub)
    address = reverse("workspace:review", args=[revision.pk])
    for person, is_offered in ((hub.coordinator, False), (hub.second, True)):
        client.force_login(person)
        assert (f"{address}release/" in client.get(address).content.decode()) == is_offered
