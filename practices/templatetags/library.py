"""Cards of practices in any list, and links that stand inside a sentence."""

from functools import lru_cache

from django import template
from django.core.cache import cache
from django.template.loader import get_template
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from common.languages import current_language, direction, name_in, own_name
from common.phrases import listed_html
from common.templatetags.hub import lang_dir, number

register = template.Library()
KEPT_SECONDS = 3600
"""Rendering is most of a list page's time, so plain cards are kept."""

CHECKED = mark_safe(" checked")


@register.simple_tag
def practice_card(card):
    """One `practices.search.cards.Card` as a list entry; with found words it is rendered afresh, but for its parts."""
    if card.found is not None:
        return get_template("components/card.html").render({"card": card})
    return _kept(card, "components/card.html")


@register.simple_tag
def card_part(card, name):
    """A part of a card that does not depend on what was searched for: "place" or "meta"."""
    return _kept(card, f"components/card_{name}.html")


def _kept(card, template_name):
    if card.version is None:
        return get_template(template_name).render({"card": card})
    key = f"{template_name}:{current_language()}:{card.practice_id}:{card.version}"
    html = cache.get(key)
    if html is None:
        html = get_template(template_name).render({"card": card})
        cache.set(key, html, KEPT_SECONDS)
    return html


@register.simple_tag
def scale(rank, of):
    """`rank` of `of` squares filled."""
    return _scale(rank, of)


@lru_cache(maxsize=100)
def _scale(rank, of):
    return get_template("components/scale.html").render({"rank": rank, "of": of})


@register.simple_tag
def language_marks(codes):
    """Codes of languages, each with its name for who asks or listens."""
    return _language_marks(codes, current_language())


@lru_cache(maxsize=2000)
def _language_marks(codes, reader):
    return format_html_join(" · ", '<abbr title="{}">{}</abbr>', ((name_in(code, reader), code) for code in codes))


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
