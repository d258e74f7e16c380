"""Handing mails of the outbox to the mail server, by as many workers as there are."""

import logging
import random
import re
import smtplib
import socket
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common.models import OutboxMail

State = OutboxMail.State
LEASE = timedelta(minutes=5)
BATCH = 20
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(days=1)
MOST_ATTEMPTS = 12
"""With the pauses between them about four days: as long as mail servers keep trying."""

KEPT_DAYS = 30

logger = logging.getLogger(__name__)
_METHOD = re.compile(r"^METHOD:([A-Z]+)\r?$", re.MULTILINE)


class ServerRefuses(Exception):
    """The server takes nothing from us at present: no use in trying the next mail."""


def send_waiting(now=None) -> int:
    """Hand over all mails that are due; returns how many the server accepted. Safe to run by several at once."""
    settle_lost(now or timezone.now())
    accepted = 0
    connection = get_connection()
    try:
        while batch := claim(now or timezone.now()):
            for mail in batch:
                accepted += _hand_over(mail, connection)
    except ServerRefuses as error:
        logger.error("The mail server refuses us: %s", error)
    finally:
        _close(connection)
    return accepted


def claim(now, size=BATCH) -> list[OutboxMail]:
    """Take some due mails for this worker. Others' mails, and mails they are just taking, are passed over."""
    token = uuid.uuid4()
    with transaction.atomic():
        due = OutboxMail.objects.filter(
            Q(state=State.WAITING, not_before__lte=now) | Q(state=State.LEASED, lease_until__lt=now)
        ).order_by("not_before", "pk")
        ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:size])
        OutboxMail.objects.filter(pk__in=ids).update(state=State.LEASED, lease=token, lease_until=now + LEASE)
    return list(OutboxMail.objects.filter(lease=token).order_by("pk"))


def settle_lost(now) -> int:
    """Mails whose worker died while handing over: nobody knows, so a person decides."""
    lost = OutboxMail.objects.filter(state=State.HANDING_OVER, lease_until__lt=now)
    return lost.update(state=State.UNCERTAIN, lease=None, last_error="worker lost")


def _hand_over(mail, connection) -> bool:
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        _try_later(mail, error)
        raise ServerRefuses(_described(error)) from error
    # Fencing: who has lost the lease finds no such row, and leaves the mail to its new holder.
    if not _move(mail, State.LEASED, state=State.HANDING_OVER, attempts=mail.attempts + 1):
        return False
    mail.attempts += 1
    try:
        connection.send_messages([_message(mail)])
    except smtplib.SMTPRecipientsRefused as error:
        code = min((code for code, _ in error.recipients.values()), default=550)
        _refused(mail, code, error)
    except smtplib.SMTPSenderRefused as error:
        _try_later(mail, error, was=State.HANDING_OVER)
        raise ServerRefuses(_described(error)) from error
    except smtplib.SMTPServerDisconnected as error:
        _uncertain(mail, error)
        _close(connection)
    except smtplib.SMTPResponseException as error:
        _refused(mail, error.smtp_code, error)
    except (OSError, smtplib.SMTPException) as error:
        # A silence after the text was sent may hide a yes.
        _uncertain(mail, error)
        _close(connection)
    else:
        return _accepted(mail)
    return False


def _message(mail):
    headers = {
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",
        "Content-Language": mail.language,
    }
    message = EmailMultiAlternatives(
        mail.subject, mail.text, settings.DEFAULT_FROM_EMAIL, [mail.recipient], headers=headers
    )
    message.attach_alternative(mail.html, "text/html")
    if mail.calendar:
        method = _METHOD.search(mail.calendar)
        parameter = f"; method={method[1]}" if method else ""
        message.attach_alternative(mail.calendar, f"text/calendar{parameter}")
    return message


def _accepted(mail):
    values = {"state": State.ACCEPTED, "accepted_at": timezone.now(), "lease": None, "last_error": ""}
    if mail.is_secret:
        values |= {"text": "", "html": "", "link": "", "calendar": ""}
    return _move(mail, State.HANDING_OVER, **values)


def _refused(mail, code, error):
    if 400 <= code < 500 and mail.attempts < MOST_ATTEMPTS:
        _try_later(mail, error, was=State.HANDING_OVER)
    else:
        _move(mail, State.HANDING_OVER, state=State.FAILED, lease=None, last_error=_described(error))


def _try_later(mail, error, was=State.LEASED):
    pause = min(FIRST_PAUSE * 2 ** min(mail.attempts, 12), LONGEST_PAUSE) * random.uniform(0.8, 1.2)
    _move(
        mail,
        was,
        state=State.WAITING,
        lease=None,
        lease_until=None,
        not_before=timezone.now() + pause,
        last_error=_described(error),
    )


def _uncertain(mail, error):
    _move(mail, State.HANDING_OVER, state=State.UNCERTAIN, lease=None, last_error=_described(error))


def _move(mail, was, **values) -> bool:
    """Change a mail that this worker still holds in the state it left it in; False if it does not hold it any more."""
    return bool(OutboxMail.objects.filter(pk=mail.pk, lease=mail.lease, state=was).update(**values))


def _described(error):
    """Class and code of an error, without the addresses and texts that servers like to repeat."""
    code = getattr(error, "smtp_code", None)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
    if isinstance(error, socket.timeout):
        return "timeout"
    return f"{type(error).__name__} {code or ''}".strip()


def _close(connection):
    try:
        connection.close()
    except (OSError, smtplib.SMTPException):
        logger.info("The mail server hung up first")


def send_again(mails) -> int:
    """Queue uncertain or refused mails once more: somebody has decided that a second copy is better than none."""
    again = mails.filter(state__in=[State.UNCERTAIN, State.FAILED]).exclude(text="")
    return again.update(state=State.WAITING, lease=None, lease_until=None, not_before=timezone.now(), attempts=0)


def cancel(mails) -> int:
    """Keep mails that have not left from leaving."""
    return mails.filter(state__in=[State.WAITING, State.HELD, State.UNCERTAIN]).update(state=State.CANCELLED)


def forget_texts(now=None) -> int:
    """Empty the texts of mails that left a month ago; that they left stays known."""
    before = (now or timezone.now()) - timedelta(days=KEPT_DAYS)
    old = OutboxMail.objects.filter(
        state__in=[State.ACCEPTED, State.SUMMARISED, State.CANCELLED, State.FAILED], queued_at__lt=before
    ).exclude(text="")
    return old.update(text="", html="", link="", calendar="")
