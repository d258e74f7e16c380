"""Events in any list."""

import hashlib

from django import template
from django.core.cache import cache
from django.template.loader import get_template

from common.languages import current_language

register = template.Library()
KEPT_SECONDS = 3600


@register.simple_tag
def event_card(card):
    """One `events.cards.EventCard` as a list entry, kept by all that it shows: rendering is most of a page's time."""
    shown = hashlib.sha256(repr((current_language(), card.shown)).encode()).hexdigest()
    key = f"event-card:{shown}"
    html = cache.get(key)
    if html is None:
        html = get_template("components/event_card.html").render({"card": card})
        cache.set(key, html, KEPT_SECONDS)
    return html
