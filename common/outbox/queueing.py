"""Putting mails into the outbox, rendered in the recipient's language."""

import hashlib
import re

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from common.addresses import site_host
from common.background import enqueue
from common.languages import direction
from common.models import OutboxMail
from common.text import clean_line

AT_ONCE, DAILY, NONE = "at-once", "daily", "none"
TASK = "common.tasks.send_outbox"
_ADDRESS_LIKE = re.compile(r"(?<=\w)\.(?=\w)|://|@")
_LINE_BREAKS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")


def queue_mail(kind, *, replaces=False, **values) -> OutboxMail | None:
    """Write a mail in the caller's transaction; it leaves after the commit, or never if that is rolled back.

    Takes what `write_mail` takes. The same `key` is queued once, and the first is returned; see `queue_mails` for
    `replaces`. None where none is wanted.
    """
    mail = write_mail(kind, **values)
    queue_mails([mail], replaces=replaces)
    return mail and OutboxMail.objects.get(key=mail.key)


def queue_mail_to(person, kind, *, key, **values) -> OutboxMail | None:
    """As `queue_mail`, to somebody with an account, in that person's language; `key` names the occasion alone."""
    return queue_mail(
        kind,
        to=person.email,
        name=person.name,
        language=person.language,
        person=person,
        key=f"{key}:{person.pk}",
        **values,
    )


def queue_mails(mails, *, replaces=False) -> None:
    """As `queue_mail`, for several from `write_mail` in one statement; passes over None.

    With `replaces` one of the same key that still waits is written anew, and leaves when it was to leave.
    """
    mails = [mail for mail in mails if mail is not None and not (replaces and _replaced(mail))]
    OutboxMail.objects.bulk_create(mails, ignore_conflicts=True)
    if any(mail.state == OutboxMail.State.WAITING for mail in mails):
        enqueue(TASK)


def _replaced(mail):
    """Compared by the database: a worker may have taken the one that waited."""
    told = ("recipient", "language", "subject", "text", "html", "link", "calendar")
    waiting = OutboxMail.objects.filter(key=mail.key, state=OutboxMail.State.WAITING)
    return waiting.update(**{name: getattr(mail, name) for name in told}) > 0


def write_mail(
    kind,
    *,
    to,
    language,
    context,
    key,
    name="",
    person=None,
    not_before=None,
    essential=False,
    secret=False,
    calendar="",
    about="",
) -> OutboxMail | None:
    """A mail in its language, not stored yet. `key` names the occasion and the recipient: it is queued once.

    `kind` names the templates `mail/<kind>.subject.txt`, `mail/<kind>.txt` and, where the text's paragraphs will not
    do, `mail/<kind>.html`. `context["link"]` (or "url") is what the mail leads to; all values are literal text.
    `calendar` is an iCalendar object with a METHOD that goes with it, `about` what the mail belongs to ("event:12").
    The person's choice (at once, daily, none) holds unless the mail is `essential`. Returns None where none is wanted.
    """
    wish = AT_ONCE if essential or person is None else getattr(person, "mail_preference", AT_ONCE)
    if wish == NONE:
        return None
    subject, text, html, link = compose(kind, language, context)
    return OutboxMail(
        kind=kind,
        key=key,
        person=person,
        recipient=to,
        name=clean_line(name)[:200],
        language=language,
        subject=subject,
        text=text,
        html=html,
        link=link,
        calendar=calendar,
        about=about,
        is_secret=secret,
        state=OutboxMail.State.HELD if wish == DAILY else OutboxMail.State.WAITING,
        not_before=not_before or timezone.now(),
        message_id=message_id(key),
    )


def compose(kind, language, context):
    """(subject, text, html, link) of a kind of mail in a language."""
    with translation.override(language):
        values = frame(language) | {"link": ""} | context
        subject = one_line(render_to_string(f"mail/{kind}.subject.txt", values))
        text = render_to_string(f"mail/{kind}.txt", values).strip() + "\n"
        link = values["link"] or values.get("url", "")
        return subject, text, compose_html(subject, text, values, f"mail/{kind}.html"), link


def compose_html(subject, text, values, template="mail/base.html"):
    """The kind's own page, or the text's paragraphs, in the one layout of all mails, with its styles inline."""
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    values = values | {"subject": subject, "paragraphs": paragraphs}
    html = render_to_string([template, "mail/base.html"], values)
    return css_inline.inline(html, keep_style_tags=True, load_remote_stylesheets=False)


def frame(language):
    """What every mail's layout needs."""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL.rstrip("/"),
        "language": language,
        "direction": direction(language),
    }


def one_line(subject):
    """A subject without line breaks, which could begin another header, and of sensible length."""
    return clean_line(_LINE_BREAKS.sub(" ", subject))[:300]


def unlinked(text):
    """A name that mail programs do not take for an address: they make links of "pay.example" by themselves."""
    return _ADDRESS_LIKE.sub(lambda found: found[0][0] + "\u200b" + found[0][1:], str(text))


def message_id(key):
    """The same for the same mail, however often it is tried: receivers can tell a repetition."""
    digest = hashlib.sha256(f"{settings.SITE_URL}|{key}".encode()).hexdigest()[:32]
    return f"<{digest}@{site_host()}>"
