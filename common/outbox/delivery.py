"""From the outbox to the mail server. Any number of workers and beats may do this at once.

A worker leases mails with a token of its own, and writes under that token only. "Handing over" is committed before
the first byte leaves, "accepted" after the server's answer; what a dead worker leaves between the two is uncertain and
is never sent again by itself.
"""

import logging
import random
import time
from datetime import timedelta
from email.utils import formataddr
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from django.utils.encoding import punycode

from common.models import MailTrouble, OutboxMail
from common.outbox.kinds import declared_kinds
from common.outbox.transport import SECONDS_TO_ACCEPT, Outcome, Result, Transport, Unreachable

BATCH = 50
SECONDS_FOR_A_BATCH = 60
LEASE = timedelta(seconds=SECONDS_FOR_A_BATCH + 2 * SECONDS_TO_ACCEPT)
"""A mail that is begun in the last second of a batch may still take its time-outs."""
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(days=1)
MOST_ATTEMPTS = 16
"""About five days, as RFC 5321, section 4.5.4.1, asks for."""
PAUSE = timedelta(minutes=15)

State = OutboxMail.State
logger = logging.getLogger(__name__)


def send_batch() -> bool:
    """Hand over what is due, up to a batch. Returns whether more may be due."""
    settle_expired_leases()
    trouble = MailTrouble.objects.first()
    if trouble and trouble.paused_until > timezone.now():
        return False
    token, mails = claim()
    if not mails:
        return False
    end = time.monotonic() + SECONDS_FOR_A_BATCH
    with Transport() as transport:
        for number, mail in enumerate(mails):
            if time.monotonic() > end:
                _give_back(mails[number:], token)
                break
            try:
                transport.open()
            except Unreachable as error:
                _no_server(mails[number:], token, error.outcome)
                return False
            outcome = _hand_over(transport, mail, token)
            if outcome.result == Result.SENDER_REFUSED:
                # The one in hand goes to the back, in case it is about that one after all.
                _put_off(mail, token, outcome.error)
                _no_server(mails[number + 1 :], token, outcome)
                return False
            _settle(mail, token, outcome)
            if trouble and outcome.result == Result.ACCEPTED:
                trouble.delete()
                trouble = None
    return len(mails) == BATCH


def claim(limit=BATCH):
    """(token, mails): due mails that nobody else has, now ours for the time of the lease."""
    now, token = timezone.now(), uuid4()
    with transaction.atomic():
        due = OutboxMail.objects.due(now).order_by("next_attempt_at", "pk")
        mails = list(due.select_for_update(skip_locked=True)[:limit])
        OutboxMail.objects.filter(pk__in=[mail.pk for mail in mails]).update(
            state=State.LEASED, lease_token=token, lease_until=now + LEASE
        )
    return token, mails


def settle_expired_leases():
    """What a dead worker had only taken waits again; what it was handing over is uncertain from now on."""
    expired = OutboxMail.objects.filter(lease_until__lt=timezone.now())
    expired.filter(state=State.LEASED).update(state=State.WAITING, lease_token=None, lease_until=None)
    uncertain = expired.filter(state=State.HANDING_OVER).update(
        state=State.UNCERTAIN, lease_until=None, last_error="LEASE"
    )
    if uncertain:
        logger.error(
            "%s mails were being handed over when their worker ended; they may have arrived or not", uncertain
        )


def back_off(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubled each time up to a day, spread so that not all come at once."""
    longest = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    return longest * random.uniform(0.5, 1)


def _hand_over(transport, mail, token):
    try:
        message = message_of(mail)
        # Whatever its headers refuse, it refuses here, before anything leaves.
        message.message()
    except Exception as error:
        logger.exception("Mail %s cannot be put together", mail.pk)
        return Outcome(Result.REFUSED, f"MESSAGE {type(error).__name__}")
    return transport.hand_over(message, when_about_to=lambda: _begin(mail, token))


def message_of(mail) -> EmailMultiAlternatives:
    user, _, domain = mail.recipient.rpartition("@")
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text_body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[formataddr((mail.name, f"{user}@{punycode(domain)}"))],
        headers={
            "Message-ID": mail.message_id,
            "Content-Language": mail.language,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    if mail.html_body:
        message.attach_alternative(mail.html_body, "text/html")
    return message


def _begin(mail, token):
    now = timezone.now()
    held = OutboxMail.objects.filter(pk=mail.pk, lease_token=token, state=State.LEASED, lease_until__gt=now)
    return held.update(state=State.HANDING_OVER) == 1


def _settle(mail, token, outcome):
    """Write down what became of a mail."""
    if outcome.result == Result.ACCEPTED:
        _accept(mail, token)
    elif outcome.result == Result.UNCERTAIN:
        _write(mail, token, state=State.UNCERTAIN, attempts=mail.attempts + 1, last_error=outcome.error)
        logger.error("Mail %s may have arrived or not: %s", mail.pk, outcome.error)
    elif outcome.result == Result.REFUSED:
        _release(mail, token, state=State.FAILED, attempts=mail.attempts + 1, last_error=outcome.error)
        logger.warning("Mail %s was refused: %s", mail.pk, outcome.error)
    elif outcome.result == Result.LATER:
        _put_off(mail, token, outcome.error)


def _accept(mail, token):
    # An uncertain mail that still bears our token was only given up too early: this is the answer.
    held = OutboxMail.objects.filter(pk=mail.pk, lease_token=token, state__in=[State.HANDING_OVER, State.UNCERTAIN])
    changes = {"state": State.ACCEPTED, "accepted_at": timezone.now(), "lease_token": None, "lease_until": None}
    if mail.kind in {kind.code for kind in declared_kinds() if kind.secret}:
        changes |= {"text_body": "", "html_body": "", "link": ""}
    if not held.update(attempts=mail.attempts + 1, last_error="", **changes):
        logger.error("Mail %s was accepted, but somebody else has taken it since", mail.pk)


def _put_off(mail, token, error):
    attempts = mail.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        _release(mail, token, state=State.FAILED, attempts=attempts, last_error=error)
        logger.warning("Mail %s is given up after %s attempts: %s", mail.pk, attempts, error)
        return
    next_attempt_at = timezone.now() + back_off(attempts)
    changes = {"attempts": attempts, "next_attempt_at": next_attempt_at, "last_error": error}
    _release(mail, token, state=State.WAITING, **changes)


def _give_back(mails, token):
    """As they were taken: it was not about them."""
    for mail in mails:
        _release(mail, token, state=State.WAITING)


def _no_server(mails, token, outcome):
    """Nobody takes these mails, or any other."""
    now = timezone.now()
    if outcome.result == Result.SENDER_REFUSED:
        _give_back(mails, token)
        paused_until = now + PAUSE
        logger.error("The mail server refuses us, nothing is sent until %s: %s", paused_until, outcome.error)
    else:
        for mail in mails:
            _put_off(mail, token, outcome.error)
        paused_until = now
        logger.error("The mail server cannot be reached: %s", outcome.error)
    trouble, is_new = MailTrouble.objects.get_or_create(
        name="outbox", defaults={"reason": outcome.error, "since": now, "paused_until": paused_until}
    )
    if not is_new:
        MailTrouble.objects.filter(pk=trouble.pk).update(reason=outcome.error, paused_until=paused_until)


def _release(mail, token, **changes):
    return _write(mail, token, lease_token=None, **changes)


def _write(mail, token, **changes):
    held = OutboxMail.objects.filter(pk=mail.pk, lease_token=token, state__in=OutboxMail.HELD)
    return held.update(lease_until=None, **changes) == 1
