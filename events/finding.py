"""Finding participants as people type at a door: part of a name, an address or a city, without capitals and accents."""

import unicodedata

from networks.models import City


def folded(text: str) -> str:
    """Without capitals and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def matching(registrations, text: str):
    """Those of a queryset of registrations whose name, address or city (as the reader calls it) has the text in it.

    Looked for here, since the database knows the accents of some languages only: ten thousand take a tenth of a second.
    """
    wanted = folded(text)
    if not wanted:
        return registrations
    rows = list(registrations.order_by().values_list("pk", "name", "email", "city"))
    cities = City.objects.in_bulk({city for *_others, city in rows if city})
    names = {pk: str(city) for pk, city in cities.items()} | {None: ""}
    found = [pk for pk, name, email, city in rows if wanted in folded(f"{name} {email} {names[city]}")]
    return registrations.filter(pk__in=found)
