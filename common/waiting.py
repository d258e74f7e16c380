"""What waits for whom. Apps say what is theirs; the desk and the admin's first page list it without knowing them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


@dataclass(frozen=True)
class Waiting:
    """Something that waits for a person: what, why, where to do it, and since how many days where that is known."""

    title: str
    url: str
    note: str
    days: int | None = None

    @property
    def waited(self):
        return waited(self.days) if self.days is not None else ""


_sources: list[Callable[[object], Iterable[Waiting]]] = []


def register(source: Callable[[object], Iterable[Waiting]]) -> None:
    """Add a function from a person to what waits for that person; it is asked on every page that lists it."""
    if source not in _sources:
        _sources.append(source)


def waiting_for(user) -> list[Waiting]:
    """All that the registered functions name, in their order."""
    return [entry for source in _sources for entry in source(user)]


def days_since(moment) -> int:
    return max(0, (timezone.now() - moment).days)


def waited(days: int) -> str:
    """How long something has been where it is."""
    if not days:
        return _("since today")
    return ngettext("for %(days)s day", "for %(days)s days", days) % {"days": days}
