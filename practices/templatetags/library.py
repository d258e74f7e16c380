"""Cards of practices in any list. Rendering is most of a list page's time, so plain ones are kept."""

from django import template
from django.core.cache import cache
from django.template.loader import get_template

from common.languages import current_language

register = template.Library()
KEPT_SECONDS = 3600


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
