"""The city that a row names: one of the register, or a place that becomes one."""

from django.utils.translation import gettext as _

from common.text import clean_line
from networks.geonames import Place
from practices.imports.outcome import shortened


def wanted_place(values, references) -> tuple[int, str, str]:
    """(GeoNames id or 0, name, ISO country or "") of the city that a row names."""
    number = clean_line(values.get("geonames_id", ""))
    country = clean_line(values.get("country", ""))
    return (
        int(number) if number.isdecimal() and len(number) < 12 else 0,
        clean_line(values.get("city", "")),
        references.country(country) if country else "",
    )


def fill_place(values, practice, checked, references):
    number, name, country = wanted_place(values, references)
    written_number = clean_line(values.get("geonames_id", ""))
    written_country = clean_line(values.get("country", ""))
    checked.place = practice.city_id
    if written_country and not country:
        checked.refuse_unknown("country", written_country)
    elif written_number and not number:
        checked.refuse_unknown("geonames_id", written_number)
    elif number or name:
        found = references.places(number, name, country)
        if len(found) == 1:
            checked.place = found[0]
        elif practice.city_id in found:
            pass  # Of several of this name it is the one that it was.
        elif found:
            reason = _("There are several places called “%(name)s”. Give the country or the GeoNames id.")
            checked.refuse("city", reason % {"name": shortened(name)})
        elif name and not (number or country):
            checked.refuse("country", _("Say in which country “%(name)s” is.") % {"name": shortened(name)})
        else:
            checked.refuse_unknown("geonames_id" if number else "city", str(number or f"{name}, {country}"))
    elif {"city", "geonames_id"} & values.keys():
        checked.place = None
    if not isinstance(checked.place, Place):
        practice.city_id = checked.place
