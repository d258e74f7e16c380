"""A certificate of attendance as one page of A4, in the participant's language, with the code by which it is checked."""

import io
import json
from pathlib import Path

import segno
from babel.dates import format_date
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import to_locale

from common.addresses import absolute
from common.languages import direction
from common.localized import localized
from common.phrases import listed
from common.templatetags.hub import number
from events.calendars import last_known_time
from events.models import Certificate
from events.showing import when_in_words
from events.times import wall_clock
from practices.documents.typesetting import typeset_from

TEMPLATE = Path(__file__).parent / "certificate.typ"
LEFT_TO_RIGHT, END = "\u2066", "\u2069"
"""Around a number with hyphens, whose parts would change places after an Arabic word."""


def certificate_pdf(certificate: Certificate) -> bytes:
    """The document, by the rules of PDF/UA-1 unless a name has a letter that no font has."""
    with translation.override(certificate.language):
        data = json.dumps(certificate_data(certificate), ensure_ascii=False, sort_keys=True)
    return typeset_from(TEMPLATE, data)


def check_address(certificate: Certificate) -> str:
    """Where anybody can check it."""
    return absolute(reverse("events:certificate-check", args=[certificate.code]))


def qr_svg(text: str) -> str:
    """A code for cameras, as the markup of a picture with quiet margins, dark on white in every theme."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, light="#ffffff", border=4, omitsize=True
    )
    return out.getvalue().decode()


def certificate_data(certificate: Certificate) -> dict:
    """What the template sets, every label in the active language."""
    language, event = certificate.language, certificate.registration.event
    title = localized(event, "title", language, event.source_language)
    starts_at, _ends_at = last_known_time(event)
    issued = wall_clock(certificate.issued_at, event.time_zone)
    place = listed(filter(None, [event.venue, str(event.city) if event.city else ""])) if event.is_in_person else ""
    return {
        "language": language,
        "direction": direction(language),
        "site": settings.SITE_NAME,
        "title": " ".join([_("Certificate of attendance"), certificate.number]),
        "date": [issued.year, issued.month, issued.day],
        "heading": _("Certificate of attendance"),
        "confirms": _("This is to confirm that"),
        "name": certificate.name,
        "took_part": _("took part in"),
        "event": {
            "text": title.text or str(event),
            "language": title.language or language,
            "direction": direction(title.language or language),
        },
        "when": when_in_words(event) if starts_at else "",
        "place": place,
        "hours": _("Hours attended, without pauses: %(hours)s") % {"hours": number(certificate.hours)},
        "hosts": listed(event.networks.all()),
        "issued": _("Issued on %(day)s") % {"day": format_date(issued, "long", to_locale(language))},
        "number": _("Number %(number)s") % {"number": f"{LEFT_TO_RIGHT}{certificate.number}{END}"},
        "check": _("Whether this certificate is genuine and valid can be checked here:"),
        "address": check_address(certificate),
        "code": certificate.code,
        "qr": qr_svg(check_address(certificate)),
        "qr_alt": _("Code for cameras with the address printed beside it."),
    }
