"""Links to calendars."""

from django import template
from django.conf import settings

register = template.Library()


@register.filter
def webcal(path):
    """The address of a calendar that programs subscribe to instead of loading it once."""
    return f"webcal://{settings.SITE_URL.split('://')[-1].rstrip('/')}{path}"
