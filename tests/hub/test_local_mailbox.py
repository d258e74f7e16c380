"""The local mailbox: what the portal of a checkout sends can be read, and goes nowhere else."""

import contextlib
import smtplib
import socket
import threading
import urllib.error
import urllib.request
from email.message import EmailMessage
from http.server import ThreadingHTTPServer

import pytest

from hub.local.mailbox import KEPT, Mailbox, viewer
from hub.local.smtp import CUT, MailServer, Plan


@pytest.fixture
def mailbox(tmp_path):
    return Mailbox(tmp_path / "mailbox")


@pytest.fixture
def pages(mailbox):
    server = ThreadingHTTPServer(("127.0.0.1", 0), viewer(mailbox))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def read(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}", timeout=5) as answer:
            return answer.headers, answer.read().decode()

    yield read
    server.shutdown()
    server.server_close()


def a_mail(subject="فعالية <b>جديدة</b>"):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Content-Language"] = (
        "hub@x.example",
        "bo@x.example",
        subject,
        "ar",
    )
    mail.set_content("مرحبا\n.\n..\nend")
    mail.add_alternative("<p>مرحبا</p><script>bad()</script>", subtype="html")
    return mail


def test_a_mail_is_taken_and_shown(mailbox, pages):
    with MailServer(take=mailbox.take) as server, smtplib.SMTP("127.0.0.1", server.port) as line:
        line.send_message(a_mail())
    _headers, listed = pages("/")
    assert "فعالية &lt;b&gt;جديدة&lt;/b&gt;" in listed
    assert "bo@x.example" in listed
    name = mailbox.names()[0]
    _headers, shown = pages(f"/{name}")
    assert "مرحبا\n.\n..\nend" in shown.replace("\r\n", "\n")
    headers, body = pages(f"/{name}/html")
    assert "مرحبا</p>" in body
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Subject: =?utf-8" in pages(f"/{name}/source")[1]


def test_an_empty_mailbox_says_so(pages):
    assert "No mail yet" in pages("/")[1]


@pytest.mark.parametrize("path", ["/nothing.eml", "/..%2f..%2fetc%2fpasswd", "/../secret.eml/source"])
def test_other_files_are_not_shown(mailbox, pages, path):
    (mailbox.folder.parent / "secret.eml").write_text("secret")
    with pytest.raises(urllib.error.HTTPError) as raised:
        pages(path)
    assert raised.value.code == 404


def test_only_the_newest_mails_are_kept(mailbox):
    for number in range(KEPT + 3):
        mailbox.take("a@x.example", ["b@x.example"], f"Subject: {number}\r\n\r\nx".encode())
    names = mailbox.names()
    assert len(names) == KEPT
    assert mailbox.read(names[0])["Subject"] == str(KEPT + 2)


# The server that stands in for mail servers in other tests has to be right itself.


def conversation(port, *said):
    """What the server answers to lines that are sent at once, as one who pipelines does."""
    with socket.create_connection(("127.0.0.1", port), timeout=3) as line:
        line.sendall(b"".join(said))
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while part := line.recv(65536):
            answer += part
    return answer


HELLO = b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n"


def test_pipelined_commands_are_answered_in_their_order():
    with MailServer() as server:
        answer = conversation(server.port, HELLO, b"Subject: x\r\n\r\n..dot\r\n.\r\n", b"QUIT\r\n")
        codes = [line[:3] for line in answer.split(b"\r\n") if line and line[3:4] == b" "]
        assert codes == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"]
        assert server.mails == [("a@x.example", ["b@x.example"], b"Subject: x\r\n\r\n.dot\r\n")]


def test_a_line_that_is_too_long_is_refused():
    with MailServer() as server:
        answer = conversation(server.port, HELLO, b"x" * 999 + b"\r\n.\r\n", b"QUIT\r\n")
        assert b"500 5.6.0" in answer
        assert server.mails == []


@pytest.mark.parametrize(("plan", "kept"), [(Plan(text=CUT), 1), (Plan(data=CUT), 0), (Plan(text=b"554 no\r\n"), 0)])
def test_what_a_broken_server_keeps_is_known(plan, kept):
    with MailServer(plan=lambda: plan) as server:
        with contextlib.suppress(ConnectionError):
            conversation(server.port, HELLO, b"Subject: x\r\n\r\ny\r\n.\r\n")
        assert len(server.mails) == kept
