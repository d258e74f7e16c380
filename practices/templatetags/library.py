"""Cards of practices in any list. Rendering is most of a list page's time, so plain ones are kept."""

from django import template
from django.core.cache import cache
from django.template.loader import get_template
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from common.languages import current_language
from common.templatetags.hub import number

register = template.Library()
KEPT_SECONDS = 3600
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
