"""Small phrases that need no words, only the punctuation of the reader's language."""

from collections.abc import Iterable

from django.utils.html import format_html_join
from django.utils.translation import pgettext


def listed(texts: Iterable[object]) -> str:
    """The texts one after the other."""
    return separator().join(map(str, texts))


def listed_html(markup: str, entries: Iterable[tuple]) -> str:
    """As `listed`: `markup` filled with each of the entries, which are escaped."""
    return format_html_join(separator(), markup, entries)


def separator() -> str:
    return pgettext("between the items of a list", ", ")
