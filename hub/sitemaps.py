from django.contrib.sitemaps import Sitemap
from django.urls import reverse
from django.utils import translation

from common.languages import fallback_chain, in_all_languages, site_languages
from events.addresses import address_in
from events.cards import LONG_TEXTS
from events.models import Event, EventSeries
from networks.models import City, Network
from newsletters.models import Campaign
from practices.models import Practice
from practices.models.practice import practice_slug

NEWSLETTERS = ("newsletters:archive", "newsletters:subscribe")


class PageSitemap(Sitemap):
    i18n = True
    alternates = True

    def items(self):
        return ["home", "practices:list", "events:list", "networks:cities", "networks:networks", *NEWSLETTERS]

    def location(self, item):
        return reverse(item)


class NetworkSitemap(Sitemap):
    i18n = True
    alternates = True

    def items(self):
        return Network.objects.all()


class CitySitemap(Sitemap):
    i18n = True
    alternates = True

    def items(self):
        return City.objects.filter(practices__facet_document__isnull=False).distinct()


class PracticeSitemap(Sitemap):
    """Each public practice once, at its address in the language it was written in."""

    limit = 5000

    def items(self):
        columns = [f"title_{code}" for code in site_languages()]
        return Practice.objects.public().order_by("pk").values("pk", "source_language", "updated_at", *columns)

    def location(self, item):
        source = item["source_language"]
        title = next(filter(None, (item[f"title_{code}"] for code in fallback_chain(source, source))), "")
        with translation.override(source):
            return reverse("practices:detail", args=[item["pk"], practice_slug(title)])

    def lastmod(self, item):
        return item["updated_at"]


class EventSitemap(Sitemap):
    """Each public event once, at its address in the language it was written in."""

    limit = 5000

    def items(self):
        return Event.objects.public().order_by("pk").defer(*in_all_languages(*LONG_TEXTS))

    def location(self, item):
        return address_in(item, item.source_language)

    def lastmod(self, item):
        return item.updated_at


class EventSeriesSitemap(Sitemap):
    """Series with an event that is public."""

    def items(self):
        return EventSeries.objects.filter(events__in=Event.objects.public()).distinct().order_by("pk")

    def location(self, item):
        return address_in(item, item.source_language)


class NewsletterSitemap(Sitemap):
    """Each issue of the archive once, in the language it was written in."""

    limit = 5000

    def items(self):
        return Campaign.objects.archived().order_by("pk").only("pk", "source_language", "begun_at")

    def location(self, item):
        return address_in(item, item.source_language)

    def lastmod(self, item):
        return item.begun_at


SITEMAPS = {
    "pages": PageSitemap,
    "networks": NetworkSitemap,
    "cities": CitySitemap,
    "practices": PracticeSitemap,
    "events": EventSitemap,
    "event-series": EventSeriesSitemap,
    "newsletters": NewsletterSitemap,
}
