"""Where this site is, for what is read elsewhere: mails, feeds, calendars, documents."""

from urllib.parse import urlsplit

from django.conf import settings


def absolute(path: str) -> str:
    """The whole address of a path: never made from the request, whose host anyone may write."""
    return settings.SITE_URL.rstrip("/") + path


def site_host() -> str:
    """The name of the site's host, as it stands in Message-IDs and names of lists."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"
