"""Which mail domains are known. The apps above know the cities, so they bring the answer."""

from collections.abc import Callable

_known: list[Callable[[str], str | None]] = []


def register(label_of: Callable[[str], str | None]) -> None:
    """Add a function from an e-mail address to the name of the city it belongs to, or None."""
    if label_of not in _known:
        _known.append(label_of)


def unregister(label_of) -> None:
    _known.remove(label_of)


def label_for(email: str) -> str | None:
    """The first name that any of the registered functions gives."""
    return next((label for label_of in _known if (label := label_of(email))), None)
