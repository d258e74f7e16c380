from datetime import UTC, datetime, time

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from common.addresses import absolute
from common.languages import current_language
from common.phrases import listed
from practices.conditional import unless_unchanged
from practices.listing import chips
from practices.models import FacetDocument
from practices.search.cards import load_cards
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version
from practices.search.library import library_page
from practices.search.request import LibraryRequest

ENTRIES = 30


class LibraryFeed(Feed):
    """The newest practices of any query of the library, as Atom, in the reader's language."""

    feed_type = Atom1Feed

    def __call__(self, request, *args, **kwargs):
        return unless_unchanged(super().__call__)(request, *args, **kwargs)

    def get_object(self, request):
        reader = current_language()
        values = catalogue(reader, library_version()[1])
        asked = LibraryRequest.parse(request.GET, values)
        page = library_page(asked, reader, page_size=ENTRIES)
        ids = [hit.practice_id for hit in page.hits]
        dates = FacetDocument.objects.in_bulk(ids)
        return asked, [
            (card, dates[card.practice_id]) for card in load_cards(ids, values) if card.practice_id in dates
        ]

    def title(self, found):
        labels = listed(chip["label"] for chip in chips(found[0], ""))
        return f"{settings.SITE_NAME}: {labels}" if labels else f"{settings.SITE_NAME}: {_('Practices')}"

    def link(self, found):
        return reverse("practices:list") + found[0].query_string()

    def subtitle(self, found):
        return _("What cities tried, and what they learned")

    def items(self, found):
        return found[1]

    def item_title(self, item):
        return item[0].title.text

    def item_description(self, item):
        return item[0].summary.text

    def item_link(self, item):
        return item[0].url

    def item_guid(self, item):
        return absolute(f"/practices/{item[0].practice_id}")

    def item_pubdate(self, item):
        return item[1].published_at

    def item_updateddate(self, item):
        confirmed = datetime.combine(item[1].confirmed_on, time(), UTC)
        return max(item[1].published_at, confirmed)

    def item_author_name(self, item):
        return listed(filter(None, (item[0].city, item[0].country))) or settings.SITE_NAME

    def item_categories(self, item):
        return [theme.label for theme in item[0].themes]
