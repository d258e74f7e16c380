"""One mail in its reader's language: subject, text part and HTML part from the templates of its kind.

Values of the context are literal text. In the HTML part they are escaped; in all parts they are one line without
control characters, and what mail programs would take for an address to click on is broken up invisibly. So a name
cannot write a header, a paragraph or a link.
"""

import logging
import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache

import css_inline
from django.conf import settings
from django.template.context import Context
from django.template.loader import get_template
from django.utils import timezone, translation
from django.utils.functional import Promise

from common.languages import direction
from common.text import clean_line, clean_plain

LARGEST_HTML = 100_000
"""Bytes. Gmail cuts longer mail off, and with it the end of the page."""
LONGEST_SUBJECT = 200
WORD_JOINER = "\u2060"

_SCHEME = re.compile(":(?=//)|(?<=mailto:)(?!\u2060)|(?<=tel:)(?!\u2060)", re.IGNORECASE)
_DOT = re.compile("(?<=\\w)(?=[.\u3002\uff0e\uff61][^\\W\\d])")
_COLOUR = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


def render(kind: str, *, language: str, context: dict, zone=None) -> Rendered:
    """The mail, with times in `zone` (by default the site's).

    The context holds plain values: texts, numbers, dates, and lists and mappings of them; a text of several paragraphs
    is a list. Anything else raises TypeError, for it would be read at a time and in a language that nobody chose. Names
    that end in "url" hold addresses of this site; others raise ValueError.
    """
    with translation.override(language), timezone.override(zone):
        values = literal(context) | {
            "site_name": settings.SITE_NAME,
            "site_url": settings.SITE_URL.rstrip("/"),
            "language": language,
            "direction": direction(language),
        }
        subject = clean_line(_plain(f"mail/{kind}.subject.txt", values))
        values["subject"] = (
            subject if len(subject) <= LONGEST_SUBJECT else subject[: LONGEST_SUBJECT - 1].rstrip() + "…"
        )
        text = clean_plain(_plain(f"mail/{kind}.txt", values))
        html = _inliner.inline(get_template(f"mail/{kind}.html").render(values | {"colours": colours()}))
    if len(html.encode()) > LARGEST_HTML:
        logger.warning("The HTML part of a mail of the kind %s is too large and was left out", kind)
        html = ""
    return Rendered(values["subject"], text, html)


def literal(value, name=""):
    """The value as it may stand in a mail; see `render`."""
    if isinstance(value, (str, Promise)):
        # Not even a text marked as safe is: `str` itself takes the mark away, its subclass would keep it.
        text = clean_line(str.__str__(str(value)))
        return _own_address(text) if name.endswith("url") else without_links(text)
    if value is None or isinstance(value, (bool, int, float, Decimal, date, datetime, time)):
        return value
    if isinstance(value, dict):
        return {key: literal(entry, str(key)) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [literal(entry, name) for entry in value]
    raise TypeError(f"A mail cannot be made from {type(value).__name__}.")


def without_links(text: str) -> str:
    """The same to the eye; an invisible joiner keeps mail programs from making links of "https://…" and "name.example"."""
    return _DOT.sub(WORD_JOINER, _SCHEME.sub(lambda match: match[0] + WORD_JOINER, text))


def _own_address(address):
    site = settings.SITE_URL.rstrip("/")
    if address and address != site and not address.startswith(f"{site}/"):
        raise ValueError("A mail may lead to pages of this site only.")
    return address


def _plain(name, values):
    # Only the template itself can render without HTML's escapes; its wrapper always escapes.
    return get_template(name).template.render(Context(values, autoescape=False))


@cache
def colours() -> dict[str, dict[str, str]]:
    """The colours of the site's tokens, for light and for dark: mail programs do not know CSS variables."""
    tokens = _COLOUR.findall((settings.BASE_DIR / "static" / "css" / "tokens.css").read_text())
    return {
        "light": {name.replace("-", "_"): light for name, light, _ in tokens},
        "dark": {name.replace("-", "_"): dark for name, _, dark in tokens},
    }
