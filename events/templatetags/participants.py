"""Times on the pages of participants."""

from django import template

from events.retention import kept_until_in_words
from events.showing import moment_in_words, when_in_words

register = template.Library()


@register.simple_tag
def when(event, registration=None):
    """When an event is, by the clock of its place."""
    return when_in_words(event, registration or None)


@register.simple_tag
def moment(at, event):
    """A moment by the clock of the event's place."""
    return moment_in_words(at, event.time_zone)


@register.simple_tag
def kept_until(event):
    """By when names and addresses of those who take part are deleted, in a sentence."""
    return kept_until_in_words(event)
