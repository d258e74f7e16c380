"""What stands around an edition: who sends it, how the list is called, and where one leaves it."""

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from common.localized import proper_name
from newsletters.composing import KEY, Frame
from newsletters.keys import DIGESTS, scope_of_newsletter

SCOPE_OF_DIGESTS = DIGESTS


def scope_of(campaign) -> int:
    """What one click on a newsletter's unsubscribe button ends: this network's newsletter."""
    return scope_of_newsletter(campaign.network_id)


def site(path: str) -> str:
    return settings.SITE_URL.rstrip("/") + path


def one_click_address() -> str:
    """Where mail programs post to, with KEY in it; the same in every language."""
    return site(reverse("newsletters_plain:one-click", args=[KEY]))


def preferences_address(language: str, *, page="preferences") -> str:
    """The reader's own page, with KEY in it."""
    with translation.override(language):
        return site(reverse(f"newsletters:{page}", args=[KEY]))


def frame_of(edition) -> Frame:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    with translation.override(edition.language):
        if edition.campaign_id is None:
            return Frame(settings.DEFAULT_FROM_EMAIL, "", _("Digest"), f"digest.{host}", one_click_address())
        network = edition.campaign.network
        name = proper_name(network, edition.language) if network else settings.SITE_NAME
        return Frame(
            settings.DEFAULT_FROM_EMAIL,
            getattr(network, "contact_email", "") or "",
            name,
            f"{network.slug if network else 'hub'}.newsletter.{host}",
            one_click_address(),
            site(reverse("newsletters:archive")),
        )
