import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from common.models import OutboxMail
from tests.common.test_outbox_queue import person, queue, settle

LIST = "/admin/common/outboxmail/"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("greeting")]


@pytest.fixture
def browser(client):
    client.force_login(User.objects.create_superuser("root@example.org", "a long password"))
    return client


def act(browser, action, *mails, **values):
    data = {"action": action, "_selected_action": [mail.pk for mail in mails], **values}
    return browser.post(LIST, data, follow=True)


def states(*mails):
    return [OutboxMail.objects.get(pk=mail.pk).state for mail in mails]


def test_list_shows_what_became_of_mail_and_no_body(browser):
    failed = settle("failed", 1, last_error="RCPT 550 5.1.1")
    queue(context={"url": "http://localhost:8000/en/secret-link/"})
    page = browser.get(LIST).content.decode()
    assert ("RCPT 550 5.1.1" in page, "anna@example.org" in page, "Greetings" in page) == (True, True, True)
    for address in (LIST, *(f"{LIST}{mail.pk}/change/" for mail in OutboxMail.objects.all())):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert "secret-link" not in answer.content.decode()
    assert failed.text_body not in page


def test_list_is_filtered_by_state(browser):
    settle("failed", 1)
    queue(to="bo@example.org")
    page = browser.get(f"{LIST}?state__exact=failed").content.decode()
    assert ("anna@example.org" in page, "bo@example.org" in page) == (True, False)


def test_list_costs_the_same_for_one_and_many(browser):
    counts = []
    for number in (1, 2, 3):
        queue(key=f"k{number}", person=person(f"p{number}@example.org"))
        with CaptureQueriesContext(connection) as queries:
            browser.get(LIST)
        counts.append(len(queries))
    assert counts[0] == counts[2]


def test_send_again_asks_first(browser):
    mails = [settle("uncertain", 1), settle("failed", 2), settle("accepted", 3)]
    page = act(browser, "send_again_selected", *mails).content.decode()
    assert states(*mails) == ["uncertain", "failed", "accepted"]
    assert "1 of them is uncertain: it may have arrived" in page
    assert "1 chosen mail is left out" in page
    assert page.count('name="_selected_action"') == 2


def test_send_again_after_yes_puts_them_into_the_queue(browser):
    mails = [settle("uncertain", 1), settle("failed", 2), settle("accepted", 3)]
    page = act(browser, "send_again_selected", *mails, confirmed="yes").content.decode()
    assert states(*mails) == ["waiting", "waiting", "accepted"]
    assert "2 mails are sent again." in page
    assert "1 mail was left as it is" in page
    assert LogEntry.objects.count() == 2


def test_call_off_only_what_waits(browser):
    mails = [queue(), settle("accepted", 3)]
    act(browser, "cancel_selected", *mails)
    assert states(*mails) == ["cancelled", "accepted"]


@pytest.mark.parametrize("path", ["add/", "{pk}/delete/"])
def test_mail_is_neither_added_nor_deleted_by_hand(browser, path):
    mail = queue()
    assert browser.get(LIST + path.format(pk=mail.pk)).status_code == 403
    browser.post(f"{LIST}{mail.pk}/change/", {"recipient": "evil@example.org"})
    mail.refresh_from_db()
    assert mail.recipient == "anna@example.org"


@pytest.mark.parametrize("is_staff", [True, False])
def test_nobody_else_sees_or_changes_mail(client, is_staff):
    mail = settle("failed", 1)
    someone = person(is_staff=is_staff)
    someone.user_permissions.set(Permission.objects.filter(content_type__app_label="common"))
    client.force_login(someone)
    refused = 403 if is_staff else 302
    assert [client.get(LIST).status_code, client.get(f"{LIST}{mail.pk}/change/").status_code] == [refused] * 2
    data = {"action": "send_again_selected", "_selected_action": [mail.pk], "confirmed": "yes"}
    assert client.post(LIST, data).status_code == refused
    assert states(mail) == ["failed"]


def test_person_is_deleted_together_with_the_mail(browser):
    someone = person()
    queue(person=someone)
    browser.post(f"/admin/accounts/user/{someone.pk}/delete/", {"post": "yes"})
    assert (User.objects.filter(pk=someone.pk).exists(), OutboxMail.objects.exists()) == (False, False)


def test_deleting_the_chosen_mails_is_not_offered(browser):
    mail = queue()
    act(browser, "delete_selected", mail, post="yes")
    assert states(mail) == ["waiting"]


@pytest.mark.parametrize(("language", "question"), [("fr", "Renvoyer ?"), ("ar", "إعادة الإرسال؟")])
def test_question_is_in_the_administrators_language(browser, language, question):
    browser.cookies["django_language"] = language
    page = act(browser, "send_again_selected", settle("uncertain", 1)).content.decode()
    assert f"<h1>{question}</h1>" in page
