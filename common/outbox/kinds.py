"""What kinds of mail there are; each app declares its own when it starts."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """`essential` mail ignores what the person prefers; the body of `secret` mail is forgotten once it is accepted."""

    code: str
    label: str | Promise
    essential: bool = False
    secret: bool = False

    @property
    def ignores_preference(self):
        """Secret links have no place in a summary, which is kept longer."""
        return self.essential or self.secret


_kinds: dict[str, Kind] = {}


def declare(code: str, label: str | Promise, *, essential: bool = False, secret: bool = False) -> Kind:
    """Make a kind of mail known; its templates are `mail/<code>.subject.txt`, `mail/<code>.txt` and `mail/<code>.html`.

    The label is a heading in daily summaries.
    """
    _kinds[code] = Kind(code, label, essential, secret)
    return _kinds[code]


def kind_of(code: str) -> Kind:
    """The declared kind. Raises LookupError for any other code: a slip there would ignore what people chose."""
    try:
        return _kinds[code]
    except KeyError:
        raise LookupError(f"No app has declared mail of the kind {code!r}.") from None


def declared_kinds() -> list[Kind]:
    return sorted(_kinds.values(), key=lambda kind: kind.code)


def label_of(code: str) -> str:
    """The label; for a kind that no app declares any more, its code."""
    return str(_kinds[code].label) if code in _kinds else code


DAILY_SUMMARY = declare("daily_summary", _("Daily summary"), essential=True)
