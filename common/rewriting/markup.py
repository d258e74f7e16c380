"""XML copied piece by piece, with some of its elements, attributes and texts changed or left out.

Prefixes of names stay as they are: office programs name prefixes inside values, so a tree that invents its own breaks the
file. Comments and processing instructions are left out.
"""

from collections.abc import Callable
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.saxutils import escape, quoteattr

from defusedxml import DefusedXmlException
from defusedxml.expatreader import create_parser

from common.rewriting import UNREADABLE_ERRORS, Reason, RefusedError

Attributes = dict[str, str]


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def copied(
    data: bytes,
    element: Callable[[str, Attributes], Attributes | None],
    text: Callable[[str, str], str] = lambda name, text: text,
    *,
    may_have_doctype: bool = False,
) -> bytes:
    """The XML with each element's attributes as `element(name, attributes)` wants them, None leaving the element
    out with all in it; and each text as `text(name of its element, text)`.

    Raises RefusedError (UNREADABLE) for what is not well-formed or defines entities; a document type is
    left out where it may be.
    """
    copy = _Copy(element, text)
    parser = create_parser(forbid_dtd=not may_have_doctype)
    parser.setContentHandler(copy)
    try:
        parser.feed(data)
        parser.close()
    except (SAXException, DefusedXmlException, *UNREADABLE_ERRORS) as error:
        raise RefusedError(Reason.UNREADABLE) from error
    return "".join(copy.written).encode()


def copied_drawing(data: bytes) -> bytes:
    """An SVG drawing without descriptions for machines, scripts and what programs keep for themselves."""
    return copied(data, _drawn, may_have_doctype=True)


def _drawn(name, attributes):
    if local(name) in ("metadata", "namedview", "script"):
        return None
    return {key: value for key, value in attributes.items() if not key.startswith(("inkscape:", "sodipodi:", "on"))}


class _Copy(ContentHandler):
    def __init__(self, element, text):
        super().__init__()
        self.element, self.text = element, text
        self.written = ['<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n']
        self.open = []
        self.waiting = []
        self.left_out = 0

    def startElement(self, name, attrs):
        self._flush()
        kept = None if self.left_out else self.element(name, dict(attrs.items()))
        if kept is None:
            self.left_out += 1
            return
        self.open.append(name)
        inside = "".join(f" {key}={quoteattr(value)}" for key, value in kept.items())
        self.written.append(f"<{name}{inside}>")

    def endElement(self, name):
        if self.left_out:
            self.left_out -= 1
            return
        self._flush()
        self.open.pop()
        self.written.append(f"</{name}>")

    def characters(self, content):
        if not self.left_out:
            self.waiting.append(content)

    def _flush(self):
        if self.waiting:
            text = "".join(self.waiting)
            self.waiting.clear()
            self.written.append(escape(self.text(self.open[-1], text), {"\r": "&#13;"}))
