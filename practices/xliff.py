"""Texts for translation agencies and back, as XLIFF 1.2.

1.2 and not 2.0: Trados, memoQ, Phrase, Memsource, OmegaT, Poedit and Weblate all read and write it, while many of them
read 2.0 in part or not at all. A unit is a field; markup stands in `<g>` and `<x/>`, which their editors protect.
The file holds no addresses of links: they are put back from the original, so a file cannot bring in others.
"""

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from defusedxml import ElementTree as Defused
from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext as _

from practices.content import TEXTS
from practices.models import Practice, Translation
from practices.search.vectors import RICH_FIELDS
from practices.translating import State, field_state, source_texts

NAMESPACE = "urn:oasis:names:tc:xliff:document:1.2"
ORIGINAL = re.compile(r"practice-([1-9][0-9]{0,8})")
MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 30
_EMPTY = frozenset({"br"})


class UnreadableXliffError(Exception):
    """Not a file of this kind; the message is for the person who sent it."""


# Markup as inline elements -----------------------------------------------------------------------


class _Inliner(HTMLParser):
    """Sanitised HTML as XLIFF inline elements; `tags` maps their ids to (name, attributes)."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.parts, self.tags, self._open = [], {}, []

    def handle_starttag(self, tag, attrs):
        number = str(len(self.tags) + 1)
        self.tags[number] = (tag, attrs)
        if tag in _EMPTY:
            self.parts.append(f'<x id="{number}" ctype="lb"/>')
        else:
            self._open.append(tag)
            self.parts.append(f'<g id="{number}" ctype={quoteattr(f"x-html-{tag}")}>')

    def handle_endtag(self, tag):
        if tag in self._open:
            self._open.pop()
            self.parts.append("</g>")

    def handle_data(self, data):
        self.parts.append(escape(data))


def _inlined(name, text):
    """(XLIFF content, {id: tag}) of a field's text."""
    if name not in RICH_FIELDS:
        return escape(text), {}
    inliner = _Inliner()
    inliner.feed(text)
    inliner.close()
    return "".join(inliner.parts), inliner.tags


def _markup(element, tags, is_rich, used):
    """The text of a `<target>` as HTML or plain text; ids that were met are added to `used`."""
    clean = (lambda text: html.escape(text, quote=False)) if is_rich else (lambda text: text)
    parts = [clean(element.text or "")]
    for child in element:
        kind, number = child.tag.rpartition("}")[2], child.get("id", "")
        inner = _markup(child, tags, is_rich, used)
        if kind in ("g", "x") and number in tags:
            used.append(number)
            tag, attrs = tags[number]
            shown = "".join(f' {key}="{html.escape(value or "")}"' for key, value in attrs)
            parts.append(f"<{tag}{shown}>" if tag in _EMPTY else f"<{tag}{shown}>{inner}</{tag}>")
        elif kind == "mrk":
            parts.append(inner)  # Marks of segments and terms, which tools leave behind.
        else:
            used.append(f"?{number}")
        parts.append(clean(child.tail or ""))
    return "".join(parts)


# Out ---------------------------------------------------------------------------------------------

_STATES = {
    State.UP_TO_DATE: "final",
    State.NEEDS_UPDATE: "needs-review-translation",
    State.OUTDATED: "needs-review-translation",
    State.MISSING: "new",
    State.MACHINE: "needs-review-translation",
    State.IN_TRANSLATION: "translated",
    State.IN_REVIEW: "translated",
}


def write_xliff(practice: Practice, translation: Translation) -> bytes:
    """One practice for one language: every field the source fills, with what there is of a translation."""
    language = translation.language
    units = []
    for name, source in source_texts(practice).items():
        model_field = Practice._meta.get_field(name)
        target = translation.draft.get(name, practice.text(name, language))
        state = _STATES[field_state(translation, practice, name) or State.MISSING]
        shown = f'<target state="{state}">{_inlined(name, target)[0]}</target>' if target else ""
        limit = f' maxwidth="{model_field.limit}" size-unit="char"' if model_field.limit else ""
        units.append(
            f'<trans-unit id="{name}" resname={quoteattr(str(model_field.verbose_name))}{limit} xml:space="preserve">'
            f"<source>{_inlined(name, source)[0]}</source>{shown}</trans-unit>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<xliff version="1.2" xmlns="{NAMESPACE}"><file original="practice-{practice.pk}" datatype="html"'
        f' source-language="{practice.source_language}" target-language="{language}"><body>'
        + "".join(units)
        + "</body></file></xliff>\n"
    ).encode()


# In ----------------------------------------------------------------------------------------------


@dataclass
class XliffFile:
    """What a file says it translates; `units` are {field: element of the trans-unit}."""

    practice_id: int
    source_language: str
    target_language: str
    units: dict[str, ET.Element] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def read_xliff(data: bytes) -> list[XliffFile]:
    """The practices of a file. Raises UnreadableXliffError; entities and document types are refused."""
    if len(data) > MAX_BYTES:
        raise UnreadableXliffError(_("The file is too large: at most 2 MB."))
    try:
        root = Defused.fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise UnreadableXliffError(
            _("The file declares a document type or entities, which is not allowed.")
        ) from error
    except (ET.ParseError, ValueError, LookupError, RecursionError) as error:
        raise UnreadableXliffError(_("The file is not well-formed XML.")) from error
    if root.tag != f"{{{NAMESPACE}}}xliff" or _depth(root) > MAX_DEPTH:
        raise UnreadableXliffError(_("The file is not XLIFF 1.2."))
    files = [_read_file(element) for element in root.iter(f"{{{NAMESPACE}}}file")]
    if not files:
        raise UnreadableXliffError(_("The file holds no texts."))
    return files


def _depth(root):
    """How deep elements lie in one another, without a call for each level."""
    deepest, waiting = 0, [(root, 1)]
    while waiting:
        element, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting += [(child, depth + 1) for child in element]
    return deepest


def _read_file(element):
    match = ORIGINAL.fullmatch(element.get("original", ""))
    if not match:
        raise UnreadableXliffError(_("The file does not say which practice it belongs to; it was not exported here."))
    found = XliffFile(
        int(match[1]), element.get("source-language", "").lower(), element.get("target-language", "").lower()
    )
    for unit in element.iter(f"{{{NAMESPACE}}}trans-unit"):
        name = unit.get("id", "")
        if name in TEXTS and name not in found.units:
            found.units[name] = unit
        else:
            found.unknown.append(name[:60])
    return found


def translated_text(practice: Practice, name: str, unit: ET.Element) -> tuple[str, str]:
    """(text, problem) of a unit: the text with its markup put back, "" where nothing was translated."""
    current = practice.text(name, practice.source_language)
    _content, tags = _inlined(name, current)
    source, target = (unit.find(f"{{{NAMESPACE}}}{kind}") for kind in ("source", "target"))
    if source is None or _words("".join(source.itertext())) != _words(_plain(name, current)):
        return "", _("The original has changed since the file was exported.")
    if target is None or not "".join(target.itertext()).strip():
        return "", ""
    used: list[str] = []
    text = _markup(target, tags, name in RICH_FIELDS, used)
    if sorted(used) != sorted(tags):
        return "", _("The markup differs from the original: each tag has to be there exactly once.")
    return text, ""


def _plain(name, text):
    return html.unescape(re.sub(r"<[^>]*>", "", text)) if name in RICH_FIELDS else text


def _words(text):
    return "".join(text.split())
