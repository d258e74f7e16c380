from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import services
from accounts.models import Invitation, User
from accounts.signals import invitation_accepted
from tests.accounts.conftest import PASSWORD, only_link

ACCEPTED = {"name": "Bo Ek", "password": PASSWORD}

pytestmark = pytest.mark.django_db


@pytest.fixture
def invited(admin_person):
    return services.invite("bo@malmo.example", "sv", admin_person, name="Bo")


@pytest.fixture
def heard():
    events = []

    def note(sender, invitation, user, **kwargs):
        events.append((invitation, user))

    invitation_accepted.connect(note)
    yield events
    invitation_accepted.disconnect(note)


def address(token, language="en"):
    return f"/{language}/accounts/invitation/{token}/"


def test_invite_mails_a_link_in_the_language_of_the_invited(invited):
    _invitation, token = invited

    assert only_link() == address(token, "sv")
    assert mail.outbox[0].to == ["bo@malmo.example"]


def test_invite_keeps_no_token(invited):
    invitation, token = invited

    row = Invitation.objects.filter(pk=invitation.pk).values().get()

    assert token not in str(row)
    assert len(row["token_hash"]) == 64


def test_invite_again_leaves_the_first_open(invited, admin_person):
    first, _token = invited
    second, _token = services.invite("Bo@Malmo.example", "sv", admin_person)

    assert list(Invitation.objects.open()) == [second, first]


def test_invite_lasts_fourteen_days(invited):
    invitation, token = invited
    end = invitation.created_at + timedelta(days=14)

    with time_machine.travel(end - timedelta(minutes=1)):
        assert services.invitation_of(token) == invitation
    with time_machine.travel(end + timedelta(minutes=1)), pytest.raises(services.Closed, match="expired"):
        services.accept(token, PASSWORD, "Bo")


def test_accept_makes_a_person_with_a_confirmed_address(client, invited, heard):
    invitation, token = invited

    response = client.post(address(token), ACCEPTED)

    user = User.objects.get(email="bo@malmo.example")
    invitation.refresh_from_db()
    assert (user.name, user.language, user.check_password(PASSWORD)) == ("Bo Ek", "sv", True)
    assert list(user.emailaddress_set.values_list("email", "verified", "primary")) == [(user.email, True, True)]
    assert (invitation.accepted_by, invitation.accepted_at is None) == (user, False)
    assert (response["Location"], client.session["_auth_user_id"]) == ("/sv/workspace/", str(user.pk))
    assert heard == [(invitation, user)]


def test_opening_the_link_changes_nothing(client, invited):
    invitation, token = invited
    before = Invitation.objects.values().get(pk=invitation.pk)

    for _ in range(3):
        response = client.get(address(token))

    assert response.status_code == 200
    assert response["Referrer-Policy"] == "strict-origin"
    assert "no-store" in response["Cache-Control"]
    assert Invitation.objects.values().get(pk=invitation.pk) == before
    assert not User.objects.filter(email="bo@malmo.example").exists()


@pytest.mark.parametrize("data", [{"name": "", "password": PASSWORD}, {"name": "Bo", "password": "short"}])
def test_accept_refused_form_leaves_the_invitation_open(client, invited, data):
    response = client.post(address(invited[1]), data)

    assert response.status_code == 422
    assert Invitation.objects.open().count() == 1
    assert not User.objects.filter(email="bo@malmo.example").exists()


def test_accept_checks_the_password_by_itself(invited):
    with pytest.raises(ValidationError):
        services.accept(invited[1], "bo@malmo.example", "Bo")


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("close", "words"),
    [
        ("use", "has been accepted"),
        ("revoke", "was withdrawn"),
        ("expire", "is too old"),
        ("forge", "is not complete"),
    ],
)
def test_closed_invitation_gets_a_helpful_page(client, invited, admin_person, close, words, method):
    invitation, token = invited
    if close == "use":
        services.accept(token, PASSWORD, "Bo")
    if close == "revoke":
        assert services.revoke(invitation, admin_person) is True
    if close == "expire":
        Invitation.objects.update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    if close == "forge":
        token = token[:-1]

    response = getattr(client, method)(address(token), ACCEPTED)

    assert response.status_code == 410
    assert words in response.content.decode()
    assert response["Referrer-Policy"] == "strict-origin"


def test_used_invitation_cannot_be_revoked(invited, admin_person):
    invitation, token = invited
    services.accept(token, PASSWORD, "Bo")

    assert services.revoke(invitation, admin_person) is False


def test_accept_of_a_member_signed_in_only_accepts(client, person, admin_person, heard):
    invitation, token = services.invite(person.email, "sv", admin_person)
    client.force_login(person)

    response = client.post(address(token))

    assert (response.status_code, heard) == (302, [(invitation, person)])
    assert User.objects.get(pk=person.pk).check_password(PASSWORD)


@pytest.mark.parametrize("signed_in_as", [None, "somebody else"])
def test_accept_for_a_member_by_anybody_else_is_refused(client, person, admin_person, signed_in_as):
    _invitation, token = services.invite(person.email, "sv", admin_person)
    if signed_in_as:
        client.force_login(admin_person)

    response = client.post(address(token), ACCEPTED)
    page = client.get(address(token))

    assert (response.status_code, page.status_code) == (302, 200)
    assert Invitation.objects.open().count() == 1
    assert User.objects.get(pk=person.pk).check_password(PASSWORD)


def test_accept_of_a_newcomer_while_signed_in_makes_no_account(client, invited, admin_person):
    client.force_login(admin_person)

    client.post(address(invited[1]), ACCEPTED)

    assert not User.objects.filter(email="bo@malmo.example").exists()


def test_invitation_page_is_limited(client, invited):
    statuses = [client.post(address("guess"), ACCEPTED).status_code for _ in range(21)]

    assert statuses == [410] * 20 + [429]


def test_invitation_mail_takes_names_literally(admin_person):
    User.objects.filter(pk=admin_person.pk).update(name='<a href="https://evil.example">Click</a> & co')
    admin_person.refresh_from_db()
    services.invite("bo@malmo.example", "en", admin_person, name="{{ link }} http://evil.example")

    (message,) = mail.outbox
    html = message.alternatives[0][0]
    assert '<a href="https://evil.example">Click</a> & co invites you' in message.body
    assert html.count("<a ") == 1
    assert "&lt;a href=" in html


@pytest.mark.django_db(transaction=True)
def test_invitation_accepted_by_two_at_once_is_used_once(admin_person):
    _invitation, token = services.invite("bo@malmo.example", "en", admin_person)

    def accept(name):
        try:
            return services.accept(token, PASSWORD, name).name
        except services.Closed as closed:
            return closed.reason
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(accept, ["Bo"] * 4))

    assert outcomes == ["Bo", "used", "used", "used"]
    assert User.objects.filter(email="bo@malmo.example").count() == 1


def test_admin_invites_and_revokes(client, admin_person):
    client.force_login(admin_person)

    client.post("/admin/accounts/invitation/add/", {"email": "bo@malmo.example", "name": "Bo", "language": "ar"})
    assert only_link().startswith("/ar/accounts/invitation/")
    chosen = Invitation.objects.open().get()
    client.post("/admin/accounts/invitation/", {"action": "revoke", "_selected_action": [chosen.pk]})

    assert Invitation.objects.open().count() == 0
