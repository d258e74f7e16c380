"""Cities and memberships as tables, with every language in columns of its own.

People are in neither: focal points are named to administrators only, and on pages that can be corrected.
"""

from collections.abc import Iterable

from django.db.models import Prefetch

from common.languages import in_all_languages
from common.spreadsheets import Table, in_batches
from networks.models import City, Membership
from networks.rules import editable_networks

BATCH = 500
PLAIN = ("region", "population", "geonames_id", "latitude", "longitude", "website", "mail_domain")


def city_table(city_ids: Iterable[int], *, actor) -> Table:
    """The cities of these ids; of their memberships those in networks that the actor keeps."""
    translated = in_all_languages("name", "description")
    memberships = Membership.objects.filter(network__in=editable_networks(actor)).select_related("network")
    cities = City.objects.rewrite(False).prefetch_related(Prefetch("memberships", memberships))

    def cells(city):
        texts = [getattr(city, column) or "" for column in translated]
        plain = [getattr(city, column) for column in PLAIN]
        networks = [membership.network.slug for membership in city.memberships.all()]
        return [city.slug, city.country.code, *texts, *plain, networks]

    return Table(("slug", "country", *translated, *PLAIN, "networks"), map(cells, in_batches(cities, city_ids, BATCH)))


def membership_table(membership_ids: Iterable[int]) -> Table:
    """The memberships of these ids."""
    names = in_all_languages("name")
    memberships = Membership.objects.select_related("city", "network")

    def cells(membership):
        city, days = membership.city, (membership.joined_on, membership.left_on)
        texts = [getattr(city, column) or "" for column in names]
        dates = [day.isoformat() if day else "" for day in days]
        return [membership.network.slug, city.slug, city.country.code, *texts, membership.status, *dates]

    columns = ("network", "city", "country", *names, "status", "joined_on", "left_on")
    return Table(columns, map(cells, in_batches(memberships, membership_ids, BATCH)))
