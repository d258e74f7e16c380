"""The site's languages: codes, direction, names, and which text a reader is shown."""

from functools import cache

from babel import Locale
from django.conf import settings
from django.utils.translation import get_language

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ku", "ps", "ur", "yi"})
ARABIC_COMMA = frozenset({"ar", "fa", "ku", "ps", "ur"})


def site_languages() -> tuple[str, ...]:
    """Codes of the interface and content languages, in the order of the settings."""
    return _codes(settings.LANGUAGES)


def _codes(languages):
    return tuple(code for code, _ in languages)


def current_language() -> str:
    """The active interface language, always one of the site's."""
    language = (get_language() or settings.LANGUAGE_CODE).split("-")[0]
    return language if language in site_languages() else settings.LANGUAGE_CODE


def direction(language: str) -> str:
    """Return "rtl" or "ltr", as the HTML `dir` attribute wants it."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"


def own_name(language: str) -> str:
    """The language's name in itself ("Svenska")."""
    return dict(settings.LANGUAGES).get(language, language)


def list_separator(language: str) -> str:
    """What stands between the parts of a list: the Arabic comma where Arabic letters are written."""
    return "، " if language.split("-")[0] in ARABIC_COMMA else ", "


@cache
def name_in(language: str, reader: str) -> str:
    """The language's name in the reader's language ("suedois" for sv read by fr)."""
    return Locale.parse(reader).languages.get(language) or own_name(language)


def fallback_chain(reader: str, source: str) -> tuple[str, ...]:
    """Languages in the order in which a reader is offered a text.

    The reader's own, then the record's source language and English in the order the site prefers
    (CONTENT_FALLBACK), then the rest in the order of the settings.
    """
    preferred = (source, "en") if settings.CONTENT_FALLBACK == "source" else ("en", source)
    return tuple(dict.fromkeys((reader, *preferred, *site_languages())))
