"""What templates need beyond Django's own: texts that know their language, dates and numbers as the reader writes them."""

import json
import re
from functools import cache, lru_cache

from babel.dates import format_date, format_skeleton
from babel.numbers import format_compact_decimal, format_currency, format_decimal
from django import template
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.text import Truncator

from common.languages import current_language, date_locale, direction, name_in, own_name, site_languages
from common.localized import localized
from common.phrases import listed

register = template.Library()
FIRST_SENTENCE = re.compile(r".*?[.!?؟](?=\s*$|\s+(?![a-zà-öø-ÿ]))", re.DOTALL)
"""Up to a stop that no small letter follows, as one does after "1.5." and many abbreviations."""


@register.simple_tag
def lang_dir(language):
    """` lang="it" dir="ltr"` for an element whose text is not in the language of the page; else nothing."""
    if not language or language == current_language():
        return ""
    return _lang_dir(language)


@cache
def _lang_dir(language):
    return format_html(' lang="{}" dir="{}"', language, direction(language))


@register.filter
def language_name(code):
    """The language's name for the present reader."""
    return name_in(code, current_language())


@register.filter
def language_own_name(code):
    return own_name(code)


@register.filter
def language_names(codes):
    """The languages' names for the present reader, one after the other."""
    return listed(name_in(code, current_language()) for code in codes)


@register.filter
def language_direction(code):
    return direction(code)


@register.simple_tag
def text_of(record, field, source):
    """The record's text for this reader, with its language; `source` is the language it was written in."""
    return localized(record, field, current_language(), source)


@register.filter
def first_sentence(text, words):
    """The text up to its first full stop, or so many words of it where that comes first."""
    sentence = FIRST_SENTENCE.match(text or "")
    short = Truncator(text).words(words, truncate=" …")
    return sentence[0] if sentence and len(sentence[0]) <= len(short) else short


@register.filter
def number(value):
    """A whole or decimal number with the reader's separators."""
    return "" if value is None else _formatted(value, current_language())


@lru_cache(maxsize=20_000)
def _formatted(value, language):
    return format_decimal(value, locale=language)


@register.filter
def compact(value):
    """A large number in short: "362K"."""
    return "" if value is None else format_compact_decimal(value, locale=current_language(), fraction_digits=1)


@register.simple_tag
def money(amount, currency):
    """A sum in the reader's format, without cents where there are none."""
    pattern = None if amount % 1 else "#,##0\xa0¤" if current_language() != "en" else "¤#,##0"
    return format_currency(
        amount, currency or "EUR", pattern, locale=current_language(), currency_digits=bool(amount % 1)
    )


@register.filter
def day(value):
    """A date in long form: "14 March 2026"."""
    return format_date(value, "long", locale=date_locale()) if value else ""


@register.filter
def full_day(value):
    """A date with its weekday: "Tuesday 15 June 2027"."""
    return format_date(value, "full", locale=date_locale()) if value else ""


@register.filter
def month(value):
    """A month and its year."""
    return format_skeleton("yMMMM", value, locale=date_locale()) if value else ""


@register.filter
def steps(rank, count):
    """`count` booleans of which the first `rank` are true: the squares of a scale."""
    return [place < (rank or 0) for place in range(count)]


@register.filter
def rich(markup):
    """HTML that the text gate has sanitised; nothing else may be passed to this filter."""
    return mark_safe(markup or "")


@register.simple_tag(takes_context=True)
def alternates(context):
    """(language code, address of this page in it) for every site language; a page may set its own `alternates`."""
    own = context.get("page_alternates")
    if own:
        return list(own.items())
    request = context.get("request")
    path = request.get_full_path() if request else "/"
    first, _, rest = path.lstrip("/").partition("/")
    inside = first in site_languages()
    return [(code, f"/{code}/{rest}" if inside else f"/{code}/") for code in site_languages()]


@register.simple_tag
def htmx_config():
    """htmx without inline styles, eval or its own history of pages in local storage."""
    return mark_safe('{"includeIndicatorStyles":false,"allowEval":false,"historyCacheSize":0}')


@register.filter
def json_ld(data):
    """Structured data for machines. The escapes keep "</script>" in a title from ending the element."""
    text = json.dumps(data, ensure_ascii=False, default=str)
    for char, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(char, escape)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))
