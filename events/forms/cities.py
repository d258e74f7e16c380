"""The city somebody comes from, by the name that is typed; those of the hosting networks are offered first."""

from functools import reduce
from operator import or_

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from common.languages import site_languages
from common.text import clean_line
from events.models import member_cities
from networks.models import City
from practices.forms.names import city_label

OFFERED = 300


class CityInput(forms.TextInput):
    """A line with suggestions of the browser's own, which need no script."""

    template_name = "events/widgets/city.html"
    names: tuple[str, ...] = ()

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["names"] = self.names
        context["widget"]["attrs"]["list"] = f"{context['widget']['attrs'].get('id', name)}-names"
        return context


class CityField(forms.Field):
    """Becomes a City, or None where nothing is typed."""

    widget = CityInput

    def __init__(self, event, **options):
        super().__init__(required=False, **options)
        self.widget.names = tuple(names_for(event))
        self.widget.attrs["autocomplete"] = "off"

    def clean(self, value):
        name = clean_line(value or "")
        return city_named(name) if name else None


def names_for(event) -> list[str]:
    """Labels of cities, members of the hosting networks first; few enough for a page."""
    members = list(member_cities(event)[:OFFERED])
    others = City.objects.exclude(pk__in=[city.pk for city in members])[: OFFERED - len(members)]
    own = sorted({city_label(city) for city in members})
    return own + sorted({city_label(city) for city in others} - set(own))


def city_named(name) -> City:
    """The one city of this name in any language; raises ValidationError where there is none, or several."""
    found = _called(name)
    bare, _open, country = name.rstrip(")").rpartition(" (")
    if not found and bare:
        found = [city for city in _called(bare) if city.country.code.lower() == country.strip().lower()]
    if not found:
        raise ValidationError(_("We know no city of this name. Leave this empty and choose the country."))
    if len(found) > 1:
        names = ", ".join(city_label(city) for city in found)
        raise ValidationError(_("Several are called so: %(names)s.") % {"names": names})
    return found[0]


def _called(name):
    return list(City.objects.filter(reduce(or_, (Q(**{f"name_{code}__iexact": name}) for code in site_languages()))))
