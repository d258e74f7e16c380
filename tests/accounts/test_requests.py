from datetime import timedelta

import pytest
import time_machine
from django.core import mail

from accounts import services
from accounts.models import AccountRequest, Invitation
from accounts.signals import account_requested
from tests.accounts.conftest import body_of, only_link

ADDRESS = "/en/accounts/request/"

pytestmark = pytest.mark.django_db


def ask(client, email="bo@malmo.example", language="en", **values):
    data = {"email": email, "name": "Bo Ek", "message": "I run the youth office.", **values}
    return client.post(f"/{language}/accounts/request/", data, follow=True)


@pytest.fixture
def waiting(client, malmo):
    ask(client, language="sv")
    link = only_link()
    mail.outbox.clear()
    client.post(link)
    return AccountRequest.objects.waiting().get()


def test_request_answers_alike_for_every_address(client, malmo, person):
    answers = [ask(client, email) for email in ("bo@malmo.example", "bo@nowhere.example", person.email)]

    assert {(answer.status_code, str(answer.redirect_chain), body_of(answer)) for answer in answers} == {
        (200, "[('/en/accounts/request/sent/', 302)]", body_of(answers[0]))
    }


def test_request_is_kept_for_known_domains_only(client, malmo, person):
    for email in ("bo@malmo.example", "bo@nowhere.example", person.email):
        ask(client, email)

    assert list(AccountRequest.objects.values_list("email", "domain_label")) == [("bo@malmo.example", "Malmö")]
    assert [message.to for message in mail.outbox] == [["bo@malmo.example"], [person.email]]


def test_request_counts_once_its_address_is_confirmed(client, malmo):
    heard = []
    account_requested.connect(lambda account_request, **kwargs: heard.append(account_request), weak=False)
    ask(client)
    link = only_link()

    page = client.get(link)
    before = AccountRequest.objects.waiting().count()
    done = client.post(link)

    assert (page.status_code, page["Referrer-Policy"], before) == (200, "strict-origin", 0)
    assert done.status_code == 200
    assert heard == list(AccountRequest.objects.waiting())


def test_request_link_works_once_and_three_days(client, malmo):
    ask(client)
    link = only_link()
    with time_machine.travel(AccountRequest.objects.get().expires_at + timedelta(minutes=1)):
        late = client.post(link)
    client.post(link)
    again = client.post(link)
    forged = client.post(link[:-2] + "/")

    assert [late.status_code, again.status_code, forged.status_code] == [410, 410, 410]
    assert "confirmed already" in again.content.decode()


def test_request_repeated_replaces_the_first_link(client, malmo):
    ask(client)
    first = only_link()
    mail.outbox.clear()
    ask(client, name="Bo E. Ek")

    assert client.get(first).status_code == 410
    assert client.get(only_link()).status_code == 200
    assert AccountRequest.objects.get().name == "Bo E. Ek"


def test_request_in_decision_is_not_changed_by_asking_again(client, waiting):
    ask(client, name="Somebody Else")

    assert AccountRequest.objects.get().name == "Bo Ek"
    assert mail.outbox == []


def test_request_approved_becomes_an_invitation(waiting, admin_person):
    invitation, _token = services.approve(waiting, admin_person)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.invitation, waiting.decided_by) == ("approved", invitation, admin_person)
    assert (invitation.email, invitation.name, invitation.language) == ("bo@malmo.example", "Bo Ek", "sv")
    assert only_link().startswith("/sv/accounts/invitation/")
    assert services.approve(waiting, admin_person) is None
    assert services.refuse(waiting, admin_person) is False


def test_request_refused_is_told_so(waiting, admin_person):
    assert services.refuse(waiting, admin_person) is True

    waiting.refresh_from_db()
    assert (waiting.state, Invitation.objects.count()) == ("refused", 0)
    assert [message.to for message in mail.outbox] == [["bo@malmo.example"]]


def test_request_that_is_not_confirmed_cannot_be_approved(client, malmo, admin_person):
    ask(client)

    assert services.approve(AccountRequest.objects.get(), admin_person) is None


def test_request_fourth_for_one_address_is_limited(client, malmo):
    assert [ask(client, email.format("bo")).status_code for email in ["{}@malmo.example"] * 3] == [200] * 3
    assert ask(client, "BO@malmo.example").status_code == 429


def test_request_refused_form_keeps_what_was_typed(client):
    response = client.post(ADDRESS, {"email": "bo", "name": "", "message": "Hello"})

    assert (response.status_code, sorted(response.context["form"].errors)) == (422, ["email", "name"])
    assert "Hello" in response.content.decode()


def test_admin_decides_about_requests(client, waiting, admin_person):
    client.force_login(admin_person)

    client.post("/admin/accounts/accountrequest/", {"action": "approve", "_selected_action": [waiting.pk]})

    waiting.refresh_from_db()
    assert waiting.state == "approved"


def test_request_never_confirmed_is_forgotten(client, waiting):
    ask(client, "late@malmo.example")
    with time_machine.travel(AccountRequest.objects.get(verified_at=None).expires_at + timedelta(minutes=1)):
        assert services.forget_unconfirmed() == 1

    assert list(AccountRequest.objects.all()) == [waiting]
