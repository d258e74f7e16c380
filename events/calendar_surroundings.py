"""What the entries of a calendar say beside the event's own columns: names for this reader, and what is for one person."""

from dataclasses import dataclass, field
from urllib.parse import quote

from django.urls import reverse

from common.addresses import absolute
from common.languages import current_language, fallback_chain
from common.localized import NOTHING, LocalizedText, first_language, localized, proper_name
from events.models import Event, EventDateChange, Registration
from events.rooms import OwnRoom
from events.rules import has_place
from networks.models import Network
from vocabularies.models import Term


@dataclass
class Own:
    """What only the holder of a registration is told. `steps` are those of all registrations of the address."""

    registration: Registration
    rooms: list[OwnRoom] = field(default_factory=list)
    steps: int = 0
    link: str = ""

    @property
    def has_place(self):
        return has_place(self.registration)

    @property
    def online_link(self):
        """The link to join, for who takes part online and has a place."""
        is_online = self.registration.mode == Registration.Mode.ONLINE
        return self.registration.event.online_link if is_online and self.has_place else ""


class Surroundings:
    """What the entries of some events say beside the event's own columns, asked for once: four queries."""

    def __init__(self, events):
        # A list, however long: a query in its place was planned as a loop in a loop where statistics were old.
        ids = [event.pk for event in events]
        self.reader = current_language()
        self._chains, self._cities = {}, {}
        self._page = absolute(reverse("events:detail", args=[1, "slug"]))
        self.networks = _names(Event.networks.through, "network", Network, ids, self._network)
        self.themes = _names(Event.themes.through, "term", Term, ids, self._term)
        moves = EventDateChange.objects.filter(event__in=ids, old_starts_at__isnull=False)
        self.moves = {move.event_id: move for move in moves.order_by("at", "pk")}

    def page(self, event):
        """As `page_address`; asking Django for each of thousands takes longer than their texts."""
        return self._page.replace("1-slug", f"{event.pk}-{quote(event.slug)}")

    def city(self, city):
        """The city's name for this reader; many events have the same city."""
        if city.pk not in self._cities:
            self._cities[city.pk] = proper_name(city, self.reader)
        return self._cities[city.pk]

    def _network(self, network):
        return proper_name(network, self.reader) or network.slug

    def _term(self, term):
        return localized(term, "label", self.reader, "en").text or term.code

    def text(self, record, name, event):
        """As `localized`: the text of the event, or of a part of it, for this reader."""
        source = event.source_language
        if source not in self._chains:
            self._chains[source] = fallback_chain(self.reader, source)
        language = first_language(record, name, self._chains[source])
        if not language:
            return NOTHING
        return LocalizedText(getattr(record, f"{name}_{language}"), language, language != self.reader)

    def time(self, event):
        """(start, end), without a date now those the event had before; (None, None) where it never had any."""
        if event.starts_at:
            return event.starts_at, event.ends_at
        move = self.moves.get(event.pk)
        return (move.old_starts_at, move.old_ends_at) if move else (None, None)


def _names(through, column, model, event_ids, name_of):
    """{event: names} of a many-to-many relation; each record is read once, however many events it has."""
    pairs = list(through.objects.filter(event__in=event_ids).order_by("pk").values_list("event", column))
    names = {pk: name_of(row) for pk, row in model.objects.in_bulk({pk for _event, pk in pairs}).items()}
    found = {}
    for event_id, pk in pairs:
        found.setdefault(event_id, []).append(names[pk])
    return found
