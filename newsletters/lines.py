"""The line to the mail server, kept open for many mails, and what its answers mean.

`Line.send` never raises for what a server does: it returns an Answer that says how far the mail got, whom it concerns and
whether it may be tried again without somebody getting it twice.
"""

import enum
import re
import smtplib
import ssl
from dataclasses import dataclass

import dkim
from anymail.exceptions import AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from newsletters.composing import KEY

_ENHANCED = re.compile(rb"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
_SENDER_LEVEL = {"5.7.515", "5.7.57", "5.7.60", "5.7.708", "5.7.750"}
"""Enhanced codes of large providers that mean all mail of this sender, not this one."""

_OF_THE_MAILBOX = re.compile(r"^5\.1\.|^5\.2\.1$")
"""Enhanced codes that say that there is no such mailbox. A full one, a route or a policy say nothing about it."""

_NO_MAILBOX = (550, 551, 553)
"""What says so where a server gives no enhanced code."""


class Outcome(enum.StrEnum):
    ACCEPTED = "accepted"
    LATER = "later"
    """This recipient, for now."""
    NO_MAILBOX = "no-mailbox"
    """This recipient, for good."""
    UNWANTED = "unwanted"
    """This text, as spam or by policy: says nothing about the reader's address."""
    SENDER = "sender"
    """We are refused, whoever the recipient: no use in going on."""
    BROKEN = "broken"
    """No line, or it broke before the text was sent: nothing has left."""
    UNCERTAIN = "uncertain"
    """The line broke after the text was sent: the server may have it."""


@dataclass(frozen=True, slots=True)
class Answer:
    outcome: Outcome
    code: str = ""
    """Reply and enhanced status, or the name of what broke; at most 20 characters."""


ACCEPTED = Answer(Outcome.ACCEPTED, "250")


def open_line():
    """The line that EMAIL_BACKEND asks for: SMTP spoken here, anything else through Django's backend."""
    is_smtp = settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
    return SmtpLine() if is_smtp else BackendLine()


class SmtpLine:
    """One connection to the server of EMAIL_HOST, opened when it is needed and again after it broke."""

    def __init__(self):
        self._smtp = None
        self._carried = 0
        """Mails that this connection has taken: some servers hang up after so many."""

    def send(self, skeleton, recipient, key, message_id) -> Answer:
        mail = signed(skeleton.filled(recipient, key, message_id))
        had_carried = self._carried
        answer = self._attempt(skeleton.sender, recipient, mail)
        if answer.outcome == Outcome.BROKEN and had_carried:
            # Nothing of this mail has left; a new connection may take it.
            self.close()
            answer = self._attempt(skeleton.sender, recipient, mail)
        return answer

    def _attempt(self, sender, recipient, mail):
        try:
            smtp = self._opened()
            refusal = self._envelope(smtp, sender, recipient)
        except smtplib.SMTPResponseException as error:
            self.close()
            is_for_good = isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code >= 500
            outcome = Outcome.SENDER if is_for_good else Outcome.BROKEN
            return Answer(outcome, _code(error.smtp_code, error.smtp_error))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Answer(Outcome.BROKEN, type(error).__name__[:20])
        if refusal:
            self._begin_anew(refusal)
            return refusal
        try:
            # A line that begins with a dot would end the text.
            smtp.send(mail.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            reply = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Answer(Outcome.UNCERTAIN, type(error).__name__[:20])
        refusal = _refused(reply, of_text=True)
        if refusal:
            self._begin_anew(refusal)
            return refusal
        self._carried += 1
        return ACCEPTED

    def _envelope(self, smtp, sender, recipient):
        """Name sender and recipient and ask to send the text: None where the server waits for it, else its refusal.

        In one step where the server allows it (PIPELINING, RFC 2920): then it has heard all three whatever it says.
        """
        together = smtp.has_extn("pipelining")
        steps = [
            (f"MAIL FROM:<{sender}>\r\n", {"of_sender": True}),
            (f"RCPT TO:<{recipient}>\r\n", {}),
            ("DATA\r\n", {"wanted": 3}),
        ]
        if together:
            smtp.send("".join(words for words, _meaning in steps))
        refusal = None
        try:
            for words, meaning in steps:
                if not together:
                    smtp.send(words)
                reply = smtp.getreply()
                if refusal and reply[0] == 354:
                    # It would take a text for nobody: it gets an empty one.
                    smtp.send(".\r\n")
                    smtp.getreply()
                refusal = refusal or _refused(reply, **meaning)
                if refusal and not together:
                    break
        except (OSError, smtplib.SMTPException):
            if refusal is None:
                raise
            # It hung up on what it had refused.
            self.close()
        return refusal

    def _opened(self):
        if self._smtp is None:
            timeout = settings.EMAIL_TIMEOUT or 30
            if settings.EMAIL_USE_SSL:
                smtp = smtplib.SMTP_SSL(
                    settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=timeout, context=_certified()
                )
            else:
                smtp = smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=timeout)
            try:
                if settings.EMAIL_USE_TLS:
                    smtp.starttls(context=_certified())
                smtp.ehlo_or_helo_if_needed()
                if settings.EMAIL_HOST_USER:
                    smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
            except (OSError, smtplib.SMTPException):
                smtp.close()
                raise
            self._smtp = smtp
        return self._smtp

    def _begin_anew(self, refusal):
        """After a refusal the server waits for a new beginning; 421 means that it hangs up."""
        if refusal.code.startswith("421"):
            self.close()
        if self._smtp is None:
            return
        try:
            self._smtp.rset()
        except (OSError, smtplib.SMTPException):
            self.close()

    def close(self):
        smtp, self._smtp, self._carried = self._smtp, None, 0
        if smtp is not None:
            try:
                smtp.quit()
            except (OSError, smtplib.SMTPException):
                smtp.close()


SIGNED = [
    *(b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type"),
    *(b"list-id", b"list-unsubscribe", b"list-unsubscribe-post"),
]
"""Headers that the signature covers; both that hold the unsubscribe button are asked for by RFC 8058."""


def signed(mail: bytes) -> bytes:
    """The mail with a DKIM signature (RFC 6376) in front, where DKIM_DOMAIN says that we are to sign, not the mail server."""
    if not settings.DKIM_DOMAIN:
        return mail
    signature = dkim.sign(
        mail,
        settings.DKIM_SELECTOR.encode(),
        settings.DKIM_DOMAIN.encode(),
        settings.DKIM_PRIVATE_KEY.encode(),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=SIGNED,
    )
    return signature + mail


def _certified():
    """TLS that knows whom it speaks to; smtplib by itself asks nobody for a certificate."""
    context = ssl.create_default_context()
    if settings.EMAIL_SSL_CERTFILE or settings.EMAIL_SSL_KEYFILE:
        context.load_cert_chain(settings.EMAIL_SSL_CERTFILE, settings.EMAIL_SSL_KEYFILE)
    return context


def _refused(reply, *, wanted=2, of_sender=False, of_text=False):
    """The Answer that a reply means, None where it lets us go on."""
    status, words = reply
    if status // 100 == wanted:
        return None
    code = _code(status, words)
    enhanced = code.partition(" ")[2]
    if status == 421:
        return Answer(Outcome.BROKEN, code)
    if status // 100 != 5:
        # 432 and its like speak of the sender's account: all mails wait.
        return Answer(Outcome.BROKEN if of_sender else Outcome.LATER, code)
    if of_sender or status in (530, 535) or enhanced in _SENDER_LEVEL:
        return Answer(Outcome.SENDER, code)
    is_mailbox = _OF_THE_MAILBOX.match(enhanced) if enhanced else status in _NO_MAILBOX
    return Answer(Outcome.NO_MAILBOX if is_mailbox and not of_text else Outcome.UNWANTED, code)


def _code(status, words):
    found = _ENHANCED.match(words if isinstance(words, bytes) else str(words).encode())
    return f"{status} {found[1].decode()}" if found else str(status)


class BackendLine:
    """Any other of Django's mail backends, one message object for each mail: slower, and all that they promise."""

    def __init__(self):
        self._connection = get_connection()

    def send(self, skeleton, recipient, key, message_id) -> Answer:
        edition, frame = skeleton.edition, skeleton.frame
        skeleton.filled(recipient, key, message_id)
        headers = {name: value.replace(KEY, key) for name, value in skeleton.list_headers() if name != "Reply-To"}
        headers |= {"Message-ID": message_id, "Content-Language": edition.language}
        message = EmailMultiAlternatives(
            edition.subject,
            edition.text.replace(KEY, key),
            frame.sender,
            [recipient],
            reply_to=[frame.reply_to] if frame.reply_to else None,
            headers=headers,
            connection=self._connection,
        )
        message.attach_alternative(edition.html.replace(KEY, key), "text/html")
        # What providers give back with their events; other backends do not look at it.
        message.track_opens = message.track_clicks = False
        message.metadata = {"delivery": message_id.strip("<>").partition("@")[0]}
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as error:
            status, words = error.recipients.get(recipient, (550, b""))
            return _refused((status, words)) or ACCEPTED
        except smtplib.SMTPSenderRefused as error:
            return _refused((error.smtp_code, error.smtp_error), of_sender=True) or ACCEPTED
        except smtplib.SMTPResponseException as error:
            return _refused((error.smtp_code, error.smtp_error), of_text=True) or ACCEPTED
        except Exception as error:
            # A provider's library raises what it likes, and nobody knows how far the mail got.
            return _of_provider(error)
        return ACCEPTED

    def close(self):
        self._connection.close()


def _of_provider(error):
    """The answer of a provider's programming interface, read from the HTTP status where it has one."""
    if isinstance(error, AnymailRecipientsRefused):
        return Answer(Outcome.NO_MAILBOX, "5.1.0 refused")
    status = getattr(error, "status_code", None)
    if status is None:
        return Answer(Outcome.UNCERTAIN, type(error).__name__[:20])
    if status in (401, 403):
        return Answer(Outcome.SENDER, str(status))
    if status in (429, 503):
        return Answer(Outcome.BROKEN, str(status))
    if status >= 500:
        return Answer(Outcome.UNCERTAIN, str(status))
    return Answer(Outcome.UNWANTED, f"5.0.0 HTTP {status}")
