"""The line to the mail server by itself, with servers that take a mail's beginning in one step and with others."""

import pytest

from hub.local.smtp import CUT, Plan
from newsletters.lines import SmtpLine

READER, GONE = "asa@city.example", "gone@city.example"
AT_ONCE, STEP_BY_STEP = ("PIPELINING",), ("8BITMIME",)
TEXT = b"Subject: News\r\n\r\nHello\r\n"


class Mail:
    """What a line needs of a skeleton."""

    sender = "hub@hub.example"

    def filled(self, recipient, key, message_id):
        return TEXT


@pytest.fixture
def line(mail_server):
    line = SmtpLine()
    yield line
    line.close()


def send(line, recipient=READER):
    answer = line.send(Mail(), recipient, "key", "<id>")
    return answer.outcome, answer.code


@pytest.mark.parametrize("abilities", [AT_ONCE, STEP_BY_STEP])
def test_a_refused_reader_keeps_nobody_else_from_the_mail(mail_server, line, abilities):
    mail_server.plan = lambda: Plan(abilities=abilities, recipients={GONE: b"550 5.1.1 no such user\r\n"})
    answers = [send(line), send(line, GONE), send(line)]
    assert answers == [("accepted", "250"), ("no-mailbox", "550 5.1.1"), ("accepted", "250")]
    assert [mail[1] for mail in mail_server.mails] == [[READER], [READER]]
    assert mail_server.mails[1] == ("hub@hub.example", [READER], TEXT)


@pytest.mark.parametrize("abilities", [AT_ONCE, STEP_BY_STEP])
@pytest.mark.parametrize(
    ("plan", "outcome"),
    [
        ({"sender": b"550 5.7.515 not authenticated\r\n"}, ("sender", "550 5.7.515")),
        ({"sender": b"432 4.7.12 later\r\n"}, ("broken", "432 4.7.12")),
        ({"data": b"451 4.3.0 later\r\n"}, ("later", "451 4.3.0")),
        ({"text": b"554 5.7.1 spam\r\n"}, ("unwanted", "554 5.7.1")),
        ({"text": CUT}, ("uncertain", "SMTPServerDisconnecte")),
    ],
)
def test_answers_mean_the_same_however_they_were_asked_for(mail_server, line, abilities, plan, outcome):
    mail_server.plan = lambda: Plan(abilities=abilities, **plan)
    assert send(line) == (outcome[0], outcome[1][:20])
    mail_server.plan = lambda: Plan(abilities=abilities)
    assert send(line) == ("accepted", "250")


def test_a_server_that_would_take_a_text_for_nobody_gets_none(mail_server, line):
    """Some answer the question for the text with yes although they have refused the only reader."""
    mail_server.plan = lambda: Plan(recipients={GONE: b"550 5.1.1 no such user\r\n"}, data=b"354 go on\r\n")
    assert send(line, GONE) == ("no-mailbox", "550 5.1.1")
    assert send(line) == ("accepted", "250")
    assert mail_server.mails == [("hub@hub.example", [READER], TEXT)]


def test_a_server_that_hangs_up_on_what_it_refused_is_heard_all_the_same(mail_server, line):
    mail_server.plan = lambda: Plan(recipients={GONE: b"421 4.7.0 too many\r\n"})
    assert send(line, GONE) == ("broken", "421 4.7.0")
    assert send(line) == ("accepted", "250")


def test_the_beginning_of_a_mail_is_one_step_where_the_server_allows_it(mail_server, line, monkeypatch):
    steps = []
    for abilities in (AT_ONCE, STEP_BY_STEP):
        mail_server.plan = lambda abilities=abilities: Plan(abilities=abilities)
        smtp = line._opened()
        says = smtp.send
        monkeypatch.setattr(smtp, "send", lambda words, says=says: steps.append(words) or says(words))
        send(line)
        line.close()
    begun = [words.split("\r\n")[0] for words in steps if isinstance(words, str)]
    assert begun[:1] == ["MAIL FROM:<hub@hub.example>"]
    assert begun[-4:-1] == ["MAIL FROM:<hub@hub.example>", f"RCPT TO:<{READER}>", "DATA"]
    assert steps[0].count("\r\n") == 3
