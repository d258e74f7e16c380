"""Cities and organisations by the names that people type."""

from functools import reduce
from operator import or_

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from common.languages import site_languages
from networks.models import Organisation
from networks.services import organisation_named
from practices.models import Practice
from practices.rules import writable_cities

OFFERED = 12


class NotYet(Exception):
    """The name is new: it becomes a record when the step is saved, not while it is being typed."""


def _called(name, lookup):
    return reduce(or_, (Q(**{f"name_{code}__{lookup}": name}) for code in site_languages()))


def city_label(city) -> str:
    return f"{city} ({city.country.code})"


class Cities:
    """The cities a person may write for; the label with the country is the exact name."""

    def __init__(self, user):
        self.queryset = writable_cities(user)

    def matching(self, typed, user):
        return [city_label(city) for city in self.queryset.filter(_called(typed, "icontains"))[:OFFERED]]

    def names_of(self, ids):
        return [city_label(city) for city in self.queryset.model.objects.filter(pk__in=ids)]

    def find(self, name):
        bare, _open, country = name.rstrip(")").rpartition(" (")
        found = list(self.queryset.filter(_called(name, "iexact")))
        if not found and bare:
            found = list(self.queryset.filter(_called(bare, "iexact"), country__iexact=country.strip()))
        if not found:
            raise ValidationError(_("You can choose a city you work for; none of them is called so."))
        if len(found) > 1:
            names = ", ".join(city_label(city) for city in found)
            raise ValidationError(_("Several are called so: %(names)s.") % {"names": names})
        return found[0].pk


class Organisations:
    """All organisations; a new name is added unless `may_create` is false. `chosen` are ids that keep their names."""

    def __init__(self, language, chosen, may_create):
        self.language, self.may_create = language, may_create
        self.chosen = {pk for pk in chosen if pk}

    @staticmethod
    def matching(typed, user):
        """Names that readers can see, and those in practices the person writes: drafts of others tell none."""
        seen = Q(convened_networks__isnull=False)
        for practices in (Practice.objects.public(), Practice.objects.editable_by(user)):
            rows = practices.order_by()
            seen |= Q(pk__in=rows.values("lead_organisation")) | Q(pk__in=rows.values("partners"))
        known = Organisation.objects.filter(seen)
        found = known.filter(_called(typed, "icontains")).distinct()[:OFFERED]
        return list(dict.fromkeys(map(str, found)))

    def names_of(self, ids):
        return [str(organisation) for organisation in Organisation.objects.filter(pk__in=ids)]

    def find(self, name):
        for organisation in Organisation.objects.filter(pk__in=self.chosen):
            if str(organisation) == name:
                return organisation.pk
        if not self.may_create and not Organisation.objects.filter(_called(name, "iexact")).exists():
            raise NotYet(name)
        Organisation._meta.get_field("name").clean(name, None)
        return organisation_named(name, self.language).pk
