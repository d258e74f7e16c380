"""What `manage.py check --deploy` says about newsletters, to who runs the site."""

from django.conf import settings
from django.core.checks import Tags, Warning, register


@register(Tags.security, deploy=True)
def address_hash_key(app_configs, **options):
    """Whether suppressed addresses would still be known after a change of SECRET_KEY."""
    if settings.ADDRESS_HASH_KEY_IS_SET:
        return []
    return [
        Warning(
            "ADDRESS_HASH_KEY is not set.",
            hint="Set it to a random value and keep it; on a site that has run without it, to the present SECRET_KEY. "
            "Otherwise a change of SECRET_KEY lets mail go again to addresses that have left.",
            id="newsletters.W001",
        )
    ]
