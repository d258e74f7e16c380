"""The one way of accounts' mails: rendered in the recipient's language, sent from here."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from common.languages import direction


def send(template, to, language, context):
    """Send `templates/accounts/mail/<template>.{subject,body}.txt` to one address.

    The texts are literal: nothing in them becomes markup, and of the addresses in them only `context["link"]`, alone
    in its paragraph, becomes a link of the HTML part.
    """
    with translation.override(language):
        values = {
            "site_name": settings.SITE_NAME,
            "site_url": settings.SITE_URL.rstrip("/"),
            "language": language,
            "direction": direction(language),
            "link": "",
            **context,
        }
        subject = " ".join(render_to_string(f"accounts/mail/{template}.subject.txt", values).split())
        body = render_to_string(f"accounts/mail/{template}.body.txt", values).strip() + "\n"
        paragraphs = [part.strip() for part in body.split("\n\n") if part.strip()]
        html = render_to_string("accounts/mail/message.html", values | {"subject": subject, "paragraphs": paragraphs})
    message = EmailMultiAlternatives(subject, body, settings.DEFAULT_FROM_EMAIL, [to])
    message.attach_alternative(html, "text/html")
    message.send()


def absolute(path):
    """An address for a mail: never made from the request, whose host anyone may write."""
    return settings.SITE_URL.rstrip("/") + path
