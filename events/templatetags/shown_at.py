"""For pages of practices, which know nothing of events."""

from django import template

from events.showing import events_of_practice

register = template.Library()


@register.inclusion_tag("events/_shown_at.html", takes_context=True)
def shown_at(context, practice):
    """The events at which a practice was shown and that the reader may see; nothing where there is none."""
    request = context.get("request")
    return {"events": list(events_of_practice(practice, request.user if request else None))}
