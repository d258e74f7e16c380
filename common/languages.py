"""The site's languages: codes, direction, names, and which text a reader is shown."""

from functools import cache

from babel import Locale
from django.conf import settings
from django.utils.translation import get_language

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ku", "ps", "ur", "yi"})


def site_languages() -> tuple[str, ...]:
    """Codes of the interface and content languages, in the order of the settings."""
    return _codes(settings.LANGUAGES)


def in_all_languages(*names) -> list[str]:
    """The columns of translated fields."""
    return [f"{name}_{code}" for name in names for code in site_languages()]


def _codes(languages):
    return tuple(code for code, _ in languages)


def current_language() -> str:
    """The active interface language, always one of the site's."""
    language = (get_language() or settings.LANGUAGE_CODE).split("-")[0]
    return language if language in site_languages() else settings.LANGUAGE_CODE


def date_locale() -> str:
    """The locale in which dates are written for the current reader: English ones as Europe writes them."""
    return {"en": "en_GB"}.get(current_language(), current_language())


def direction(language: str) -> str:
    """Return "rtl" or "ltr", as the HTML `dir` attribute wants it."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"


def own_name(language: str) -> str:
    """The language's name in itself ("Svenska")."""
    return dict(settings.LANGUAGES).get(language, language)


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
