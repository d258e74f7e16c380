"""Setting a document from a template and its data, by the rules of PDF/UA-1 wherever they allow it."""

import logging

import fontpkg_amiri
import fontpkg_noto_sans
import typst

logger = logging.getLogger(__name__)

FONTS = [str(package.ROOT / "files") for package in (fontpkg_noto_sans, fontpkg_amiri)]
"""Amiri draws each Arabic letter with one glyph, so that what is copied from the document, searched in it or read aloud
is what was written; Noto Sans Arabic sets the dots as marks of their own, and one word in five survives.
"""
ACCESSIBLE = "ua-1"


def typeset_from(template, data: str) -> bytes:
    """The document that a template (a path) makes of data, as JSON.

    PDF/UA-1 refuses a letter that no font has; a box in its place is better than no document.
    """
    try:
        return _compile(template, data, [ACCESSIBLE])
    except typst.TypstError as error:
        logger.warning("a %s is printed without PDF/UA: %s", template.stem, error)
        return _compile(template, data, [])


def _compile(template, data, standards):
    return typst.compile(
        template,
        root=template.parent,
        font_paths=FONTS,
        ignore_system_fonts=True,
        sys_inputs={"data": data},
        format="pdf",
        pdf_standards=standards,
    )
