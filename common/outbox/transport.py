"""The talk with the mail server, step by step, so that each end of it has a known meaning.

Django's own backend says only that a mail was not sent. Whether it may be tried again, was refused for good, or may
have arrived after all depends on the step at which the talk ended (RFC 5321, sections 3.3, 4.2.1 and 4.5.4).
"""

import re
import smtplib
from dataclasses import dataclass
from email.message import Message
from email.utils import parseaddr
from enum import Enum

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

SECONDS_TO_ACCEPT = 60
"""How long the server may think about a complete mail. Giving up early makes mails uncertain that were accepted."""

ABOUT_THE_SENDER = {"5.1.7", "5.1.8", "5.7.0", "5.7.8", "5.7.9", "5.7.26", "5.7.27", "5.7.60", "5.7.515"}
AUTHENTICATION = {530, 534, 535, 538}
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
# Not the "unknown in relay recipient table" of a single recipient.
_NO_RELAY = re.compile(r"unable to relay|relay(ing)?( access)? (is )?(denied|not (permitted|allowed)|prohibited)")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class Result(Enum):
    ACCEPTED = "accepted"
    LATER = "later"
    """Not taken now: try again."""
    REFUSED = "refused"
    """Not taken, ever: this recipient or this mail."""
    SENDER_REFUSED = "sender refused"
    """We are refused: every other mail would be as well."""
    UNCERTAIN = "uncertain"
    """The mail was complete and no answer came."""
    LOST = "lost"
    """Somebody else has this mail by now: nothing was handed over."""


@dataclass(frozen=True)
class Outcome:
    result: Result
    error: str = ""
    connection_is_gone: bool = False


class Refusal(Exception):
    """An answer of the server that ends the talk about one mail."""

    def __init__(self, stage, code, reply):
        text = reply.decode(errors="replace") if isinstance(reply, bytes) else str(reply)
        found = _ENHANCED.search(text)
        enhanced = found[1] if found else ""
        self.error = " ".join(filter(None, [stage, str(code), enhanced]))
        self.connection_is_gone = code == 421
        self.result = self._result(stage, code, enhanced, text.lower())

    @staticmethod
    def _result(stage, code, enhanced, text):
        if code in AUTHENTICATION or (code >= 500 and enhanced in ABOUT_THE_SENDER):
            return Result.SENDER_REFUSED
        if code >= 500 and (stage == "MAIL" or _NO_RELAY.search(text)):
            return Result.SENDER_REFUSED
        return Result.REFUSED if 500 <= code < 600 else Result.LATER

    @property
    def outcome(self):
        return Outcome(self.result, self.error, self.connection_is_gone)


class Unreachable(Exception):
    """No talk could begin; `outcome` holds for every mail."""

    def __init__(self, outcome):
        super().__init__(outcome.error)
        self.outcome = outcome


class Transport:
    """One connection for many mails. Any mail backend does; what happens within a talk is known for SMTP only."""

    def __init__(self):
        self._backend = get_connection()
        self._speaks_smtp = isinstance(self._backend, EmailBackend)
        self._is_open = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def open(self):
        """Connect where there is no connection. Raises Unreachable."""
        if self._is_open:
            return
        try:
            self._backend.open()
            if self._speaks_smtp:
                self._backend.connection.ehlo_or_helo_if_needed()
        except smtplib.SMTPResponseException as error:
            self.close()
            refusal = Refusal("CONNECT", error.smtp_code, error.smtp_error)
            result = refusal.result if refusal.result == Result.SENDER_REFUSED else Result.LATER
            raise Unreachable(Outcome(result, refusal.error, True)) from error
        except smtplib.SMTPNotSupportedError as error:
            # No TLS or no log-in at that server: settings and server do not fit.
            self.close()
            raise Unreachable(Outcome(Result.SENDER_REFUSED, f"CONNECT {type(error).__name__}", True)) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unreachable(Outcome(Result.LATER, f"CONNECT {type(error).__name__}", True)) from error
        self._is_open = True

    def close(self):
        self._is_open = False
        try:
            self._backend.close()
        except (smtplib.SMTPException, OSError):
            self._backend.connection = None

    def hand_over(self, mail, *, when_about_to) -> Outcome:
        """Send one EmailMessage to its one recipient.

        `when_about_to()` is called before the first byte of the mail leaves, to write that down; when it returns
        False the mail is somebody else's and stays here.
        """
        talk = self._talk if self._speaks_smtp else self._pass_on
        outcome = talk(mail, when_about_to)
        if outcome.connection_is_gone:
            self.close()
        return outcome

    def _talk(self, mail, when_about_to):
        smtp = self._backend.connection
        content = _wire_format(mail.message())
        try:
            _expect("MAIL", *smtp.mail(_bare(mail.from_email)))
            _expect("RCPT", *smtp.rcpt(_bare(mail.to[0])))
            if not when_about_to():
                smtp.rset()
                return Outcome(Result.LOST)
            _expect("DATA", *smtp.docmd("DATA"), wanted=(354,))
        except Refusal as refusal:
            return self._after(refusal)
        except (smtplib.SMTPException, OSError) as error:
            return Outcome(Result.LATER, f"TALK {type(error).__name__}", True)
        try:
            smtp.sock.settimeout(max(SECONDS_TO_ACCEPT, self._backend.timeout or 0))
            smtp.send(content)
            _expect("CONTENT", *smtp.getreply())
            smtp.sock.settimeout(self._backend.timeout)
        except Refusal as refusal:
            return self._after(refusal)
        except (smtplib.SMTPException, OSError) as error:
            return Outcome(Result.UNCERTAIN, f"CONTENT {type(error).__name__}", True)
        return Outcome(Result.ACCEPTED)

    def _after(self, refusal):
        """Ready for the next mail, whatever became of this one."""
        if not refusal.connection_is_gone:
            try:
                self._backend.connection.rset()
            except (smtplib.SMTPException, OSError):
                return Outcome(refusal.result, refusal.error, True)
        return refusal.outcome

    def _pass_on(self, mail, when_about_to):
        if not when_about_to():
            return Outcome(Result.LOST)
        try:
            self._backend.send_messages([mail])
        except Exception as error:  # a backend may raise anything, and may have sent before it did
            return Outcome(Result.UNCERTAIN, type(error).__name__, True)
        return Outcome(Result.ACCEPTED)


def _expect(stage, code, reply, wanted=(250, 251)):
    if code not in wanted:
        raise Refusal(stage, code, reply)


def _bare(address):
    return parseaddr(sanitize_address(address, settings.DEFAULT_CHARSET))[1]


def _wire_format(message: Message) -> bytes:
    """With the dots that begin a line doubled, and the end mark (RFC 5321, section 4.5.2)."""
    content = _LEADING_DOT.sub(b"..", message.as_bytes(linesep="\r\n"))
    return content + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n"
