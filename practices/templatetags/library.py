"""Cards of practices in any list, and links that stand inside a sentence."""

from django import template
from django.core.cache import cache
from django.template.loader import get_template
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from common.languages import current_language, direction, own_name
from common.phrases import listed_html
from common.templatetags.hub import lang_dir, number

register = template.Library()
KEPT_SECONDS = 3600
"""Rendering is most of a list page's time, so plain cards are kept."""

CHECKED = mark_safe(" checked")


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
def facet_choices(name, values):
    """A tick box per `practices.listing.CountedValue`. A page has a hundred of them: a template for each is too slow."""
    return format_html_join(
        "",
        '<label><input type="checkbox" id="{0}-{1}" name="{0}" value="{1}"{2}> <span>{3}</span>'
        " <small>{4}</small></label>",
        ((name, value.key, CHECKED if value.is_chosen else "", value.label, number(value.count)) for value in values),
    )


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
