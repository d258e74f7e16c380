"""Hosting together: a network becomes a host when its own coordinators say so, and never before."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from common.models import OutboxMail
from common.waiting import waiting_for
from events.models import CoHostInvitation, Event
from events.rules import runs
from events.services import cohosting, life
from networks.rules import forget_roles
from tests.events.conftest import make_coordinator
from tests.events.factories import make_event
from tests.factories import make_city, make_network, make_person
from tests.hub.test_methods import digests
from tests.hub.test_permissions import ROLES, expected, people, signed_in  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def other():
    return make_network("other", name_en="Other network")


@pytest.fixture
def neighbour(other):
    return make_coordinator(other, email="neighbour@example.org", language="sv")


@pytest.fixture
def event(network):
    return make_event(networks=[network], title_en="Joint meeting", title_sv="Gemensamt möte")


def hosts(event):
    return set(event.networks.values_list("slug", flat=True))


def steps(event):
    return list(event.steps.order_by("pk").values_list("action", "note"))


def mails():
    return list(OutboxMail.objects.order_by("pk").values_list("kind", "recipient", "language"))


# The verbs ---------------------------------------------------------------------------------------


def test_asking_changes_no_host_and_mails_the_coordinators(event, network, other, neighbour, coordinator):
    invitation = cohosting.ask_network(event, other, actor=coordinator, message="Come along")
    assert (hosts(event), runs(neighbour, event)) == ({network.slug}, False)
    assert mails() == [("events/cohost-asked", "neighbour@example.org", "sv")]
    text = OutboxMail.objects.get().text
    assert (f"/sv/workspace/events/co-hosting/{invitation.pk}/" in text, "Come along" in text) == (True, True)
    assert steps(event) == [("cohost-asked", "other")]


def test_accepting_makes_the_network_a_host_and_tells_who_asked(event, network, other, neighbour, coordinator):
    invitation = cohosting.ask_network(event, other, actor=coordinator)
    cohosting.accept_cohosting(invitation, actor=neighbour)
    assert (hosts(event), runs(neighbour, event)) == ({network.slug, "other"}, True)
    assert mails()[1:] == [("events/cohost-accepted", coordinator.email, "en")]
    assert steps(event) == [("cohost-asked", "other"), ("cohost-joined", "other")]
    assert [step.actor for step in event.steps.order_by("pk")] == [coordinator, neighbour]


def test_declining_changes_no_host_and_the_network_can_be_asked_again(event, other, neighbour, coordinator):
    before = hosts(event)
    invitation = cohosting.ask_network(event, other, actor=coordinator)
    cohosting.decline_cohosting(invitation, actor=neighbour)
    assert hosts(event) == before
    assert mails()[1:] == [("events/cohost-declined", coordinator.email, "en")]
    assert cohosting.ask_network(event, other, actor=coordinator).state == "asked"


def test_withdrawn_invitation_can_not_be_accepted(event, other, neighbour, coordinator):
    invitation = cohosting.ask_network(event, other, actor=coordinator)
    stale = CoHostInvitation.objects.get()
    cohosting.withdraw_invitation(invitation, actor=coordinator)
    with pytest.raises(ValidationError) as caught:
        cohosting.accept_cohosting(stale, actor=neighbour)
    assert (caught.value.code, "other" in hosts(event)) == ("decided", False)
    assert mails()[1:] == [("events/cohost-withdrawn", "neighbour@example.org", "sv")]


def test_cohost_leaves_and_the_last_host_stays(event, network, other, neighbour, coordinator):
    invitation = cohosting.ask_network(event, other, actor=coordinator)
    cohosting.accept_cohosting(invitation, actor=neighbour)
    cohosting.leave_cohosting(event, other, actor=neighbour)
    invitation.refresh_from_db()
    assert (hosts(event), invitation.state, runs(neighbour, event)) == ({network.slug}, "left", False)
    with pytest.raises(ValidationError) as caught:
        cohosting.leave_cohosting(event, network, actor=coordinator)
    assert caught.value.code == "last"


@pytest.mark.parametrize("status", ["cancelled", "reported", "archived"])
def test_nobody_is_asked_to_host_what_is_done_with(event, other, coordinator, status):
    Event.objects.filter(pk=event.pk).update(status=status)
    with pytest.raises(ValidationError):
        cohosting.ask_network(event, other, actor=coordinator)
    assert mails() == []


def test_network_is_asked_once(event, network, other, coordinator):
    cohosting.ask_network(event, other, actor=coordinator)
    for asked, code in ((other, "asked"), (network, "host")):
        with pytest.raises(ValidationError) as caught:
            cohosting.ask_network(event, asked, actor=coordinator)
        assert caught.value.code == code


def test_verbs_are_for_the_right_side_only(event, network, other, neighbour, coordinator):
    stranger = make_coordinator(make_network())
    for wrong in (neighbour, stranger):
        with pytest.raises(PermissionDenied):
            cohosting.ask_network(event, other, actor=wrong)
    invitation = cohosting.ask_network(event, other, actor=coordinator)
    for verb in (cohosting.accept_cohosting, cohosting.decline_cohosting):
        for wrong in (coordinator, stranger):
            with pytest.raises(PermissionDenied):
                verb(invitation, actor=wrong)
    for wrong in (neighbour, stranger):
        with pytest.raises(PermissionDenied):
            cohosting.withdraw_invitation(invitation, actor=wrong)
    cohosting.accept_cohosting(invitation, actor=neighbour)
    with pytest.raises(PermissionDenied):
        cohosting.leave_cohosting(event, other, actor=coordinator)
    assert hosts(event) == {network.slug, "other"}


def test_foreign_network_is_not_put_on_an_event_past_its_coordinators(event, network, other, coordinator):
    for verb in (
        lambda: life.edit_event(event, {"networks": [network, other]}, actor=coordinator),
        lambda: life.create_event({"source_language": "en", "title_en": "New"}, [network, other], actor=coordinator),
    ):
        with pytest.raises(ValidationError):
            verb()
    assert (hosts(event), Event.objects.count()) == ({network.slug}, 1)
    administrator = make_person(is_superuser=True)
    life.edit_event(event, {"networks": [network, other]}, actor=administrator)
    assert hosts(event) == {network.slug, "other"}


def test_form_opened_before_the_answer_does_not_take_the_new_host_off(event, network, other, neighbour, coordinator):
    seen_at = Event.objects.get().updated_at
    cohosting.accept_cohosting(cohosting.ask_network(event, other, actor=coordinator), actor=neighbour)
    with pytest.raises(ValidationError) as caught:
        life.edit_event(event, {"networks": [network]}, actor=coordinator, seen_at=seen_at)
    assert (caught.value.code, hosts(event)) == ("stale", {network.slug, "other"})


def test_question_waits_on_the_desk_of_the_asked_network(event, other, neighbour, coordinator):
    invitation = cohosting.ask_network(event, other, actor=coordinator)
    page = reverse("event_desk:cohosting", args=[invitation.pk])
    waits = lambda person: [one.url for one in waiting_for(person) if "co-hosting" in one.url]  # noqa: E731
    assert (waits(neighbour), waits(coordinator)) == ([page], [])
    cohosting.decline_cohosting(invitation, actor=neighbour)
    forget_roles(neighbour)
    assert waits(neighbour) == []


# The pages ---------------------------------------------------------------------------------------


def admin_page(event):
    return reverse("admin:events_event_cohosts", args=[event.pk])


def test_page_asks_withdraws_and_leaves(client, event, network, other, neighbour, coordinator):
    client.force_login(coordinator)
    third = make_network("third")
    asked = client.post(admin_page(event), {"do": "ask", "network": other.pk, "message": "Hello"}, follow=True)
    assert "Other network is asked" in asked.text
    client.post(admin_page(event), {"do": "ask", "network": third.pk})
    withdrawn = CoHostInvitation.objects.get(network=third)
    client.post(admin_page(event), {"do": "withdraw", "of": withdrawn.pk})
    withdrawn.refresh_from_db()
    assert withdrawn.state == "withdrawn"
    cohosting.accept_cohosting(CoHostInvitation.objects.get(network=other), actor=neighbour)
    client.force_login(neighbour)
    left = client.post(admin_page(event), {"do": "leave", "of": other.pk})
    assert (left.url, hosts(event)) == (reverse("admin:events_event_changelist"), {network.slug})


def test_page_refuses_what_can_not_be_and_keeps_what_was_typed(client, event, network, other, coordinator):
    client.force_login(coordinator)
    for number in (network.pk, "x", ""):
        refused = client.post(admin_page(event), {"do": "ask", "network": number, "message": "Typed words"})
        assert (refused.status_code, "Typed words" in refused.text) == (422, True)
    client.post(admin_page(event), {"do": "leave", "of": network.pk})
    assert (hosts(event), CoHostInvitation.objects.count()) == ({network.slug}, 0)


def test_answer_page_tells_what_when_and_where_of_a_draft(client, network, other, neighbour, coordinator):
    draft = make_event(
        networks=[network],
        published=False,
        title_en="Secret draft",
        online_link="https://meet.example/x",
        mode="online",
    )
    invitation = cohosting.ask_network(draft, other, actor=coordinator)
    client.force_login(neighbour)
    text = client.get(reverse("event_desk:cohosting", args=[invitation.pk])).text
    assert ("Secret draft" in text, "meet.example" in text) == (True, False)
    assert client.get(draft.get_absolute_url()).status_code == 404


def test_second_answer_is_refused(client, event, other, neighbour, coordinator):
    invitation = cohosting.ask_network(event, other, actor=coordinator)
    client.force_login(neighbour)
    answer = reverse("event_desk:cohosting-answer", args=[invitation.pk])
    assert client.post(answer, {"answer": "accept"}).url == reverse("admin:events_event_overview", args=[event.pk])
    assert client.post(answer, {"answer": "decline"}).status_code == 409
    assert client.post(answer, {"answer": "burn"}).status_code == 404
    assert "other" in hosts(event)


# Who gets what -----------------------------------------------------------------------------------

ANSWERS = "302 302 404 404 404 404 404 404 200 200"
"""`foreign` coordinates the network that was asked, `coordinator` the one that asks."""


@pytest.fixture
def asked(people):  # noqa: F811
    event = make_event(networks=[people["network"]])
    network = people["foreign"].roles.get().network
    return cohosting.ask_network(event, network, actor=people["admin"])


@pytest.mark.parametrize("role", ROLES)
def test_answer_is_for_the_network_that_was_asked(client, people, asked, role):  # noqa: F811
    signed_in(client, people, role)
    promised = expected(ANSWERS)[role]
    assert client.get(reverse("event_desk:cohosting", args=[asked.pk])).status_code == promised
    answer = reverse("event_desk:cohosting-answer", args=[asked.pk])
    assert client.get(answer).status_code == 405
    assert client.post(answer, {"answer": "accept"}).status_code == (302 if promised == 200 else promised)
    assert asked.event.networks.count() == (2 if promised == 200 else 1)


@pytest.mark.parametrize("role", ROLES)
def test_asking_and_withdrawing_are_for_who_runs_the_event(client, people, asked, role):  # noqa: F811
    signed_in(client, people, role)
    new = make_network(cities=[make_city()])
    client.post(admin_page(asked.event), {"do": "ask", "network": new.pk})
    client.post(admin_page(asked.event), {"do": "withdraw", "of": asked.pk})
    asked.refresh_from_db()
    does = role in ("coordinator", "admin")
    assert (CoHostInvitation.objects.count(), asked.state) == ((2, "withdrawn") if does else (1, "asked"))


def test_reading_changes_nothing_nor_does_a_form_without_a_token(people, asked):  # noqa: F811
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["admin"])
    pages = [reverse("event_desk:cohosting", args=[asked.pk]), admin_page(asked.event)]
    before = digests()
    assert [client.get(page).status_code for page in pages * 2] == [200] * 4
    answer = reverse("event_desk:cohosting-answer", args=[asked.pk])
    assert client.post(answer, {"answer": "accept"}).status_code == 403
    assert client.post(admin_page(asked.event), {"do": "withdraw", "of": asked.pk}).status_code == 403
    assert digests() == before
