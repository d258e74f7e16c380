"""What stands around an edition: who sends it, how the list is called, and where one leaves it."""

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from common.addresses import absolute, site_host
from common.localized import proper_name
from newsletters.composing import KEY, Frame
from newsletters.keys import DIGESTS, scope_of_newsletter

SCOPE_OF_DIGESTS = DIGESTS


def scope_of(campaign) -> int:
    """What one click on a newsletter's unsubscribe button ends: this network's newsletter."""
    return scope_of_newsletter(campaign.network_id)


def one_click_address() -> str:
    """Where mail programs post to, with KEY in it; the same in every language."""
    return absolute(reverse("newsletters_plain:one-click", args=[KEY]))


def preferences_address(language: str, *, page="preferences") -> str:
    """The reader's own page, with KEY in it."""
    with translation.override(language):
        return absolute(reverse(f"newsletters:{page}", args=[KEY]))


def frame_of(edition) -> Frame:
    host = site_host()
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
            absolute(reverse("newsletters:archive")),
        )
