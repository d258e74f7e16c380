"""What a person wants to get, as forms ask for it and as it waits for a confirmation."""

from dataclasses import asdict, dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from common.languages import current_language, name_in, site_languages
from common.localized import proper_name
from common.phrases import listed
from networks.models import Network
from newsletters.models import Channel, Frequency

HUB = None
"""Stands for the hub's own newsletter among the ids of networks."""

ZONES = {"fr": "Europe/Paris", "it": "Europe/Rome", "sv": "Europe/Stockholm", "ro": "Europe/Bucharest"}


def usual_zone(language: str) -> str:
    """Where most readers of a language live; the site's own zone where that says little."""
    return ZONES.get(language, settings.TIME_ZONE)


@dataclass(frozen=True, slots=True)
class Wishes:
    """All of a person's choices. `newsletters` are ids of networks, HUB for the hub's own; `searches` (label, query)."""

    languages: tuple[str, ...] = ()
    time_zone: str = ""
    practices: str = ""
    """How often; "" for not at all."""
    events: str = ""
    newsletters: tuple[int | None, ...] = ()
    themes: tuple[int, ...] = ()
    networks: tuple[int, ...] = ()
    only_mine: bool = False
    """Only what exists in one of the languages."""
    only_searches: bool = False
    searches: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict) -> "Wishes":
        """The reverse of `as_json`; what newer code does not know any more is left out."""
        known = {name: value for name, value in stored.items() if name in cls.__slots__}
        listed_values = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        found = known | listed_values
        found["searches"] = tuple(map(tuple, found.get("searches", ())))
        return cls(**found)

    @property
    def interest(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]:
        """(themes, networks, languages) of digests; an empty one means any."""
        return self.themes, self.networks, self.languages if self.only_mine else ()

    def subscriptions(self) -> dict[tuple[str, int | None], str]:
        """{(channel, id of a network or None): how often}."""
        digests = {Channel.PRACTICES: self.practices, Channel.EVENTS: self.events}
        found = {(channel, None): often for channel, often in digests.items() if often}
        return found | {(Channel.NEWSLETTER, network): "" for network in self.newsletters}

    def channels(self) -> list[dict]:
        """The same as the proof of consent keeps it."""
        return [
            {"channel": str(channel), "network": network, "frequency": often}
            for (channel, network), often in self.subscriptions().items()
        ]


def in_words(wishes: Wishes, *, names_searches=True) -> list[str]:
    """One line for each thing, in the current language, for whoever is asked whether it is meant.

    `names_searches`: with the names that were typed. Not in mails: a stranger would have us send own words to anybody.
    """
    lines = [channel_in_words(*pair) for pair in _named(wishes)]
    for label, _query in wishes.searches:
        lines.append(_("Saved search: %(label)s") % {"label": label} if names_searches else _("A saved search"))
    if wishes.languages:
        names = listed(name_in(code, current_language()) for code in wishes.languages)
        lines.append(_("Languages: %(languages)s") % {"languages": names})
    return lines


def _named(wishes):
    names = newsletter_names()
    for (channel, network), often in wishes.subscriptions().items():
        if channel != Channel.NEWSLETTER:
            yield channel, often, ""
        elif network in names:
            yield channel, "", names[network]


def channel_in_words(channel: str, often: str, name: str) -> str:
    if channel == Channel.NEWSLETTER:
        return _("Newsletter of %(name)s") % {"name": name}
    return _("%(digest)s: %(often)s") % {"digest": Channel(channel).label, "often": Frequency(often).label}


def newsletter_names() -> dict[int | None, str]:
    """{id of the network, HUB first: name for the current reader}; asked for in one query."""
    reader = current_language()
    rows = sorted((proper_name(network, reader) or network.slug, network.pk) for network in Network.objects.all())
    return {HUB: settings.SITE_NAME} | {pk: name for name, pk in rows}


def known_languages(codes) -> tuple[str, ...]:
    """Those the site has, each once, in their order."""
    return tuple(code for code in dict.fromkeys(codes) if code in site_languages())
