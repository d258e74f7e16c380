from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation, User
from common.outbox.sending import send_waiting
from networks.models import RoleAssignment
from networks.services import grant_role, invite_colleague
from tests.factories import make_city, make_network, make_person

Role = RoleAssignment.Role
PAGE = "/en/workspace/city/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def malmo(admin_user):
    """A city with a focal point and a contributor, and another city of the same network with its own."""
    city, other = make_city("Malmö", slug="malmo"), make_city("Lund", slug="lund")
    make_network("nordic", cities=[city, other])
    people = {
        name: make_person(f"{name}@example.org", name=name.title()) for name in ("focal", "anna", "foreign", "bo")
    }
    for name, role, scope in [
        ("focal", Role.FOCAL_POINT, city),
        ("anna", Role.CONTRIBUTOR, city),
        ("foreign", Role.FOCAL_POINT, other),
        ("bo", Role.CONTRIBUTOR, other),
    ]:
        grant_role(people[name], role, actor=admin_user, city=scope)
    return SimpleNamespace(city=city, other=other, admin=admin_user, **people)


@pytest.fixture
def as_focal(client, malmo):
    client.force_login(malmo.focal)
    return client


def role_of(person):
    return RoleAssignment.objects.get(person=person)


def ending(assignment, city):
    return reverse("workspace:city-role-end", args=[city.slug, assignment.pk])


def about(invitation, verb, city):
    return reverse("workspace:city-invitation", args=[city.slug, invitation.pk, verb])


def typed(**values):
    return {"email": "new@example.org", "name": "Nina", "language": "ar", "role": "contributor"} | values


def invited(malmo, email="new@example.org", **values):
    offer = invite_colleague(malmo.city, email, Role.CONTRIBUTOR, actor=malmo.focal, language="sv", **values)
    return offer.invitation


def token_of(message):
    [line] = [line for line in message.body.splitlines() if "/invitation/" in line]
    return line.rstrip("/").rpartition("/")[2]


def test_focal_point_sees_people_and_invitations_of_the_own_city(as_focal, malmo):
    invitation = invited(malmo)

    answer = as_focal.get(PAGE)

    held = [(str(one.person), one.role, one.may_end) for one in answer.context["people"]]
    assert held == [("Focal", "focal-point", False), ("Anna", "contributor", True)]
    assert list(answer.context["invitations"]) == [invitation]
    html = answer.content.decode()
    assert "anna@example.org" in html
    assert "bo@example.org" not in html


def test_contributor_sees_the_people_without_addresses_and_controls(client, malmo):
    invited(malmo)
    client.force_login(malmo.anna)

    html = client.get(PAGE).content.decode()

    assert ("Focal" in html, "Anna" in html) == (True, True)
    hidden = ("focal@example.org", "new@example.org", "/end/", "/resend/", 'name="email"')
    assert [text for text in hidden if text in html] == []
    assert client.post(PAGE, typed()).status_code == 403
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize("person", ["foreign", "admin"])
def test_foreign_city_is_not_found(client, malmo, person):
    invitation = invited(malmo)
    client.force_login(getattr(malmo, person))
    assignment = role_of(malmo.anna)

    answers = [
        client.get(f"{PAGE}malmo/"),
        client.post(f"{PAGE}malmo/", typed()),
        client.post(ending(assignment, malmo.city)),
        client.post(ending(assignment, malmo.other)),
        *(
            client.post(about(invitation, verb, city))
            for verb in ("resend", "revoke")
            for city in (malmo.city, malmo.other)
        ),
    ]

    assert [answer.status_code for answer in answers] == [404] * 8
    assert (role_of(malmo.anna).ended_at, Invitation.objects.open().count()) == (None, 1)


def test_contributor_changes_nothing(client, malmo):
    invitation = invited(malmo)
    client.force_login(malmo.anna)

    answers = [
        client.post(ending(role_of(malmo.anna), malmo.city)),
        client.post(about(invitation, "resend", malmo.city)),
        client.post(about(invitation, "revoke", malmo.city)),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert (role_of(malmo.anna).ended_at, Invitation.objects.open().count()) == (None, 1)


@pytest.mark.parametrize("name", ["city-role-end", "city-invitation"])
def test_controls_need_a_signed_in_person_and_a_post(client, malmo, name):
    addresses = {
        "city-role-end": ending(role_of(malmo.anna), malmo.city),
        "city-invitation": about(invited(malmo), "revoke", malmo.city),
    }

    assert client.post(addresses[name]).url.startswith("/en/accounts/login/")
    client.force_login(malmo.focal)
    assert client.get(addresses[name]).status_code == 405


def test_invite_mails_a_link_in_the_language_of_the_invited_that_works_once(as_focal, client, malmo):
    answer = as_focal.post(PAGE, typed(), follow=True)
    send_waiting()

    assert [str(message) for message in answer.context["messages"]] == ["new@example.org is invited."]
    [message] = mail.outbox
    assert (message.to, "/ar/accounts/invitation/" in message.body) == (["new@example.org"], True)
    client.logout()
    address = f"/ar/accounts/invitation/{token_of(message)}/"
    first = client.post(address, {"name": "Nina", "password": "a long and unusual password"})
    person = User.objects.get(email="new@example.org")
    assert (first.status_code, person.language, role_of(person).role) == (302, "ar", "contributor")
    client.logout()
    assert client.post(address, {"name": "X", "password": "a long and unusual password"}).status_code == 410


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"email": "not an address"}, "email"),
        ({"email": ""}, "email"),
        ({"language": "xx"}, "language"),
        ({"role": "focal-point"}, "role"),
        ({"role": "administrator"}, "role"),
        ({"email": "Anna@example.org"}, "email"),
        ({"email": "WAITS@example.org"}, "email"),
    ],
)
def test_invite_wrong_input_is_told_at_its_field_and_kept(as_focal, malmo, values, name):
    invited(malmo, "waits@example.org")

    answer = as_focal.post(PAGE.replace("/en/", "/sv/"), typed(**values))

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [name])
    html = answer.content.decode()
    assert 'value="Nina"' in html
    if values.get("email"):
        assert f'value="{values["email"]}"' in html
    assert "This " not in str(answer.context["form"].errors)
    assert Invitation.objects.count() == 1


def test_resend_closes_the_former_link_and_begins_the_days_again(as_focal, malmo):
    invitation = invited(malmo)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert "Expired" in as_focal.get(PAGE).content.decode()

    as_focal.post(about(invitation, "resend", malmo.city))
    send_waiting()

    first, second = (token_of(message) for message in mail.outbox)
    assert as_focal.get(f"/sv/accounts/invitation/{first}/").status_code == 410
    as_focal.logout()
    assert as_focal.get(f"/sv/accounts/invitation/{second}/").status_code == 200
    assert Invitation.objects.open().get().invited_by == malmo.focal


def test_revoked_invitation_opens_nothing_and_leaves_the_list(as_focal, malmo):
    invitation = invited(malmo)
    send_waiting()

    answer = as_focal.post(about(invitation, "revoke", malmo.city), follow=True)

    assert list(answer.context["invitations"]) == []
    as_focal.logout()
    assert as_focal.get(f"/sv/accounts/invitation/{token_of(mail.outbox[0])}/").status_code == 410
    as_focal.force_login(malmo.focal)
    assert as_focal.post(about(invitation, "resend", malmo.city)).status_code == 404


def test_invitation_of_a_coordinator_to_more_is_seen_and_not_touched(as_focal, malmo):
    offer = invite_colleague(malmo.city, "head@example.org", Role.FOCAL_POINT, actor=malmo.admin, language="sv")

    html = as_focal.get(PAGE).content.decode()

    assert ("head@example.org" in html, "/revoke/" in html) == (True, False)
    assert as_focal.post(about(offer.invitation, "revoke", malmo.city)).status_code == 403


def test_end_role_signs_the_contributor_out_at_once(as_focal, malmo):
    annas = Client()
    annas.force_login(malmo.anna)
    assert annas.get(PAGE).status_code == 200

    answer = as_focal.post(ending(role_of(malmo.anna), malmo.city), follow=True)

    assert [str(message) for message in answer.context["messages"]] == ["Anna no longer has this role."]
    assert annas.get(PAGE).status_code == 302
    assert as_focal.post(ending(role_of(malmo.anna), malmo.city)).status_code == 404


def test_own_role_and_that_of_a_focal_point_are_not_ended(as_focal, malmo):
    own = role_of(malmo.focal)
    also = grant_role(malmo.focal, Role.CONTRIBUTOR, actor=malmo.admin, city=malmo.city)
    second = grant_role(make_person(), Role.FOCAL_POINT, actor=malmo.admin, city=malmo.city)

    answers = [as_focal.post(ending(one, malmo.city)).status_code for one in (own, also, second)]

    assert answers == [403] * 3
    assert RoleAssignment.objects.active().filter(city=malmo.city).count() == 4


def test_person_of_two_cities_has_controls_where_focal_point(as_focal, malmo):
    grant_role(malmo.focal, Role.CONTRIBUTOR, actor=malmo.admin, city=malmo.other)

    first, second = as_focal.get(PAGE), as_focal.get(f"{PAGE}malmo/")

    told = [(answer.context["city"].slug, answer.context["speaks"]) for answer in (first, second)]
    assert told == [("lund", False), ("malmo", True)]
    assert as_focal.post(ending(role_of(malmo.bo), malmo.other)).status_code == 403


def test_page_has_a_constant_number_of_queries(as_focal, malmo):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            as_focal.get(PAGE)
        return len(captured)

    def add(number):
        person = make_person(f"more-{number}@example.org")
        grant_role(person, Role.CONTRIBUTOR, actor=malmo.admin, city=malmo.city)
        invited(malmo, f"invited-{number}@example.org")

    add(0)
    one = queries()
    for number in range(1, 4):
        add(number)

    assert queries() == one


def test_hostile_name_is_text(as_focal, malmo):
    invited(malmo, name="<script>alert(1)</script>")

    assert "<script>alert" not in as_focal.get(PAGE).content.decode()
