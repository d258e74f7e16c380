"""Coordinators decide about the people of their own cities, and see those of no other."""

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccountRequest, Invitation
from common import waiting
from common.models import OutboxMail
from networks import services
from networks.models import Membership, RoleAssignment, RoleOffer
from networks.services import grant_role
from tests.factories import make_city, make_network, make_person, make_practice

pytestmark = pytest.mark.django_db
Role = RoleAssignment.Role
REQUESTS = "/admin/accounts/accountrequest/"
OFFERS = "/admin/networks/roleoffer/"


@pytest.fixture
def hub(admin_user):
    class Hub:
        admin = admin_user
        malmo = make_city("Malmö", mail_domain="malmo.example")
        torino = make_city("Torino", "IT", mail_domain="torino.example")
        nordic = make_network("nordic", cities=[malmo])
        dialogue = make_network("dialogue", cities=[torino])
        coordinator = make_person("karin@example.org", language="sv")
        stranger = make_person("sara@example.org")

    grant_role(Hub.coordinator, Role.COORDINATOR, actor=admin_user, network=Hub.nordic)
    grant_role(Hub.stranger, Role.COORDINATOR, actor=admin_user, network=Hub.dialogue)
    return Hub


def ask(email, city):
    return AccountRequest.objects.create(
        email=email,
        name=email.partition("@")[0],
        language="sv",
        domain_label=str(city),
        token_hash=email,
        verified_at=timezone.now(),
    )


def chosen(action, *records):
    return {"action": action, "_selected_action": [record.pk for record in records]}


def test_request_is_seen_by_the_coordinators_of_its_city_only(client, hub):
    ask("bo@malmo.example", hub.malmo)
    client.force_login(hub.coordinator)
    assert "bo@malmo.example" in client.get(REQUESTS).content.decode()
    client.force_login(hub.stranger)
    assert "bo@malmo.example" not in client.get(REQUESTS).content.decode()


def test_request_of_a_like_named_domain_is_not_the_citys(hub):
    ask("bo@not-malmo.example", hub.malmo)
    ask("bo@malmo.example.net", hub.malmo)
    assert list(services.requests_kept_by(hub.coordinator)) == []


def test_approved_request_makes_a_contributor_of_the_city(client, hub):
    request = ask("bo@malmo.example", hub.malmo)
    client.force_login(hub.coordinator)
    client.post(REQUESTS, chosen("approve", request))
    offer = RoleOffer.objects.get()
    assert (offer.role, offer.city, offer.invitation.email) == (Role.CONTRIBUTOR, hub.malmo, "bo@malmo.example")
    assert Invitation.objects.get().language == "sv"


def test_request_of_another_network_cannot_be_decided(client, hub):
    request = ask("bo@malmo.example", hub.malmo)
    client.force_login(hub.stranger)
    client.post(REQUESTS, chosen("approve", request))
    client.post(REQUESTS, chosen("refuse", request))
    with pytest.raises(PermissionDenied):
        services.approve_request(request, actor=hub.stranger)
    with pytest.raises(PermissionDenied):
        services.refuse_request(request, actor=hub.stranger)
    request.refresh_from_db()
    assert request.state == AccountRequest.State.PENDING


def test_request_once_confirmed_is_told_to_the_coordinators_in_their_language(hub):
    from accounts.signals import account_requested

    account_requested.send(AccountRequest, account_request=ask("bo@malmo.example", hub.malmo))
    [told] = OutboxMail.objects.filter(kind="account-asked")
    assert (told.recipient, told.language) == ("karin@example.org", "sv")
    assert "Malmö" in told.subject
    assert REQUESTS in told.text


def invited(hub, email="bo@malmo.example", **changes):
    values = {"actor": hub.coordinator, "language": "sv", "city": hub.malmo} | changes
    return services.invite_to_role(email, Role.CONTRIBUTOR, **values)


def test_invitations_of_foreign_cities_are_nowhere(client, hub):
    invited(hub)
    client.force_login(hub.stranger)
    assert "bo@malmo.example" not in client.get(OFFERS).content.decode()
    assert "bo@malmo.example" not in client.get(f"{OFFERS}?q=bo").content.decode()
    client.force_login(hub.coordinator)
    assert "bo@malmo.example" in client.get(f"{OFFERS}?state=open").content.decode()


def test_revoked_invitation_opens_nothing(client, hub):
    offer = invited(hub)
    client.force_login(hub.stranger)
    client.post(OFFERS, chosen("revoke", offer))
    offer.invitation.refresh_from_db()
    assert offer.invitation.revoked_at is None
    with pytest.raises(PermissionDenied):
        services.revoke_invitation(offer.invitation, actor=hub.stranger)
    client.force_login(hub.coordinator)
    client.post(OFFERS, chosen("revoke", offer))
    offer.invitation.refresh_from_db()
    assert offer.invitation.revoked_at


def test_invitation_sent_again_has_a_fresh_link(client, hub):
    offer = invited(hub)
    former = offer.invitation.token_hash
    Invitation.objects.filter(pk=offer.invitation_id).update(expires_at=timezone.now())
    client.force_login(hub.coordinator)
    assert "bo@malmo.example" in client.get(f"{OFFERS}?state=expired").content.decode()
    client.post(OFFERS, chosen("send_again", offer))
    offer.invitation.refresh_from_db()
    assert (offer.invitation.closed_because, offer.invitation.token_hash == former) == ("", False)


def test_accepted_invitation_is_not_sent_again(client, hub):
    offer = invited(hub)
    Invitation.objects.filter(pk=offer.invitation_id).update(accepted_at=timezone.now())
    client.force_login(hub.coordinator)
    client.post(OFFERS, chosen("send_again", offer))
    offer.invitation.refresh_from_db()
    assert offer.invitation.closed_because == "used"


def test_first_page_of_the_admin_shows_what_waits_in_own_networks(client, hub):
    ask("bo@malmo.example", hub.malmo)
    ask("ugo@torino.example", hub.torino)
    ask("eva@torino.example", hub.torino)
    Membership.objects.create(network=hub.dialogue, city=make_city("Lund"), status=Membership.Status.APPLICANT)
    make_practice(city=hub.malmo, networks=[hub.nordic], review_due_on=timezone.localdate())
    client.force_login(hub.coordinator)
    notes = [entry.note for entry in client.get(reverse("admin:index")).context["waiting"]]
    assert notes == ["1 person asks for an account", "1 practice is overdue for review"]
    client.force_login(hub.stranger)
    notes = [entry.note for entry in client.get(reverse("admin:index")).context["waiting"]]
    assert notes == ["1 city wants to join", "2 people ask for an account"]


def test_nothing_waits_for_people_who_keep_nothing(hub):
    ask("bo@malmo.example", hub.malmo)
    assert waiting.waiting_for(make_person("plain@example.org")) == []
    assert mail.outbox == []
