"""What every page knows: the site's name, the reader's language and the way to the other languages."""

from django.conf import settings

from common.languages import current_language, direction


def site(request):
    language = current_language()
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL.rstrip("/"),
        "demo_content": settings.DEMO_CONTENT,
        "language": language,
        "direction": direction(language),
    }
