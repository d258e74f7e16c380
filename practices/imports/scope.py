"""What of a file its importer may store: coordinators reach the practices, cities and networks they keep, and no others."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from networks.geonames import Place
from networks.rules import editable_cities, roles_of
from practices.models import Practice


class Scope:
    """The reach of a person; administrators and the system itself (None) reach everything.

    Raises PermissionDenied for people who keep no network.
    """

    def __init__(self, actor):
        self.actor = actor
        self.is_limited = actor is not None and not roles_of(actor).is_administrator
        self.networks = roles_of(actor).networks if self.is_limited else frozenset()
        if self.is_limited and not self.networks:
            raise PermissionDenied
        self.cities = set(editable_cities(actor).values_list("pk", flat=True)) if self.is_limited else set()

    def beyond(self, practices) -> set[int]:
        """The ids of those that are not the person's to change."""
        if not self.is_limited:
            return set()
        ids = {practice.pk for practice in practices}
        return ids - set(Practice.objects.decided_by(self.actor).filter(pk__in=ids).values_list("pk", flat=True))

    def check(self, record, checked, former_city) -> None:
        """Note what a row asks beyond the reach; networks of others that a practice has stay with it."""
        if not self.is_limited:
            return
        kept = set() if record.is_new else {network.pk for network in record.practice.networks.all()}
        wanted = set(record.network_ids)
        if wanted - kept - self.networks:
            checked.refuse("network", _("You keep only practices of your own networks."))
        if (record.is_new or wanted != kept) and not wanted & self.networks:
            checked.refuse("network", _("Name one of your networks."))
        record.network_ids += sorted(kept - self.networks - wanted)
        place = checked.place
        if place != former_city and place is not None and (isinstance(place, Place) or place not in self.cities):
            checked.refuse("city", _("This city is in none of your networks."))
