"""Cards of practices in any list, and links that stand inside a sentence."""

from django import template
from django.core.cache import cache
from django.template.loader import get_template

from common.languages import current_language, direction, own_name
from common.phrases import listed_html
from common.templatetags.hub import lang_dir

register = template.Library()
KEPT_SECONDS = 3600
"""Rendering is most of a list page's time, so plain cards are kept."""


@register.simple_tag
def practice_card(card):
    """One `practices.search.cards.Card` as a list entry; with found words it is rendered afresh."""
    if card.found is not None or card.version is None:
        return get_template("components/card.html").render({"card": card})
    key = f"card:{current_language()}:{card.practice_id}:{card.version}"
    html = cache.get(key)
    if html is None:
        html = get_template("components/card.html").render({"card": card})
        cache.set(key, html, KEPT_SECONDS)
    return html


@register.simple_tag
def spelling_links(spellings):
    """Other spellings (url, word, language), each a link."""
    entries = ((spelling["url"], lang_dir(spelling["language"]), spelling["word"]) for spelling in spellings)
    return listed_html('<a href="{}"{}>{}</a>', entries)


@register.simple_tag
def language_links(existing):
    """(language, address) pairs, each a link under the language's own name."""
    entries = ((address, code, direction(code), code, own_name(code)) for code, address in existing)
    return listed_html('<a href="{}" lang="{}" dir="{}" hreflang="{}">{}</a>', entries)
