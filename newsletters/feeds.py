"""The newest newsletters, of all networks or one, as Atom, in the reader's language."""

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import Http404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from common.languages import current_language
from common.localized import proper_name
from events.conditional import unless_the_same
from networks.models import Network
from newsletters.archiving import entries, issues

ENTRIES = 20


class NewsletterFeed(Feed):
    feed_type = Atom1Feed

    def __call__(self, request, *args, **kwargs):
        return unless_the_same(super().__call__)(request, *args, **kwargs)

    def get_object(self, request):
        slug = request.GET.get("network", "")
        if not slug:
            return None
        network = Network.objects.filter(slug=slug[:80]).first() if "\0" not in slug else None
        if network is None:
            raise Http404
        return network

    def title(self, network):
        name = proper_name(network, current_language()) if network else settings.SITE_NAME
        return f"{name}: {_('Newsletter')}"

    def link(self, network):
        return reverse("newsletters:archive") + (f"?network={network.slug}" if network else "")

    def items(self, network):
        return entries(issues(network)[:ENTRIES])

    def item_title(self, item):
        return item.title.text

    def item_description(self, item):
        return item.preheader

    def item_link(self, item):
        return item.campaign.get_absolute_url()

    def item_guid(self, item):
        return f"urn:uuid:{item.campaign.uid}"

    def item_pubdate(self, item):
        return item.campaign.begun_at

    def item_updateddate(self, item):
        return item.campaign.begun_at

    def item_author_name(self, item):
        return item.network or settings.SITE_NAME
