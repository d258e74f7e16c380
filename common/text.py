"""The one gate through which every text enters: forms, imports and the API clean here.

Control characters, non-characters and direction overrides are removed because a single one kills feeds and
spreadsheets or makes text read backwards; letters are brought to NFC so that equal texts are equal bytes.
"""

import html
import re
import unicodedata

import nh3
import regex
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.word import with_lists

_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"  # C0 and C1 controls but tab, newline, return, next line
    "\u202a-\u202e\u2066-\u2069"  # bidi embeddings, overrides and isolates
    "\ufeff\ufff9-\ufffb\ufdd0-\ufdef"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(17))
    + "\ud800-\udfff]"
)
_LINE_BREAKS = re.compile("\r\n?|\x85|\u2028|\u2029")
_SPACES = re.compile(r"[^\S\n]+")
_GRAPHEME = regex.compile(r"\X")
POINTS_PER_GRAPHEME = 4
POINTS_TO_SPARE = 16
"""What a text may have of code points. Fully marked scripts come near four to a letter (a letter, a doubling, a vowel, a
sign of recitation); the rest leaves a short line room for a few emoji of ten."""

_BLOCK_END = re.compile(r"</(?:p|li|h[1-6]|blockquote|ul|ol)>|<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")

RICH_TAGS = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "h3", "h4", "blockquote"}
_BOLD = re.compile(r"<(/?)(b|i|h1|h2)(?=[\s>])", re.IGNORECASE)
_MEANT = {"b": "strong", "i": "em", "h1": "h3", "h2": "h3"}


def clean_characters(text: str) -> str:
    """Text in NFC without control characters, non-characters and direction overrides; line breaks as "\\n"."""
    return unicodedata.normalize("NFC", _UNWANTED.sub("", _LINE_BREAKS.sub("\n", text)))


def clean_line(text: str) -> str:
    """One line of plain text: clean characters, any run of white space a single space."""
    return " ".join(clean_characters(text).split())


def clean_plain(text: str) -> str:
    """Plain text that may have paragraphs: at most one empty line in a row, no white space at the ends."""
    lines = [_SPACES.sub(" ", line).strip() for line in clean_characters(text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def clean_rich(markup: str) -> str:
    """Sanitised HTML of a few structural tags; plain text becomes paragraphs.

    Links keep http, https and mailto only. Text that has no tag at all is taken as plain text. What word processors
    leave is removed, and their lists become lists.
    """
    markup = clean_characters(markup).strip()
    if not markup:
        return ""
    if not _TAG.search(markup):
        markup = _as_paragraphs(markup)
    markup = _BOLD.sub(lambda match: f"<{match[1]}{_MEANT[match[2].lower()]}", markup)
    cleaned = nh3.clean(
        markup,
        tags=RICH_TAGS,
        clean_content_tags={"script", "style", "title", "xml"},
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener nofollow",
    )
    cleaned = with_lists(cleaned).strip()
    if not _TAG.search(cleaned):
        # What looked like tags was none that is kept.
        cleaned = _as_paragraphs(cleaned)
    return cleaned if plain_from_rich(cleaned) else ""


def _as_paragraphs(text):
    parts = re.split(r"\n\s*\n", html.escape(html.unescape(text), quote=False))
    return "".join(f"<p>{part.strip().replace(chr(10), '<br>')}</p>" for part in parts if part.strip())


def plain_from_rich(markup: str) -> str:
    """The words of sanitised HTML, one line per block."""
    text = html.unescape(_TAG.sub("", _BLOCK_END.sub("\n", markup)))
    return "\n".join(line for line in (" ".join(line.split()) for line in text.split("\n")) if line)


def grapheme_length(text: str) -> int:
    """Length as a reader counts it: an Arabic letter with its marks, or a flag, is one."""
    if text.isascii():
        return len(text)
    return len(_GRAPHEME.findall(text))


def check_length(text: str, limit: int) -> None:
    """Raise ValidationError, naming the surplus, when the text has more than `limit` graphemes.

    Also when it has far more code points than that many graphemes need: one letter can bear any number of marks, and
    would be one grapheme of a megabyte.
    """
    if len(text) <= limit:
        return
    most = limit * POINTS_PER_GRAPHEME + POINTS_TO_SPARE
    if (surplus := grapheme_length(text) - limit) > 0:
        raise ValidationError(
            ngettext(
                "Shorten this by %(surplus)s character: at most %(limit)s fit.",
                "Shorten this by %(surplus)s characters: at most %(limit)s fit.",
                surplus,
            ),
            code="too_long",
            params={"surplus": surplus, "limit": limit},
        )
    if len(text) > most:
        raise ValidationError(
            _("Too many accents and other marks: letters and marks together, at most %(most)s fit."),
            code="too_many_marks",
            params={"most": most},
        )
