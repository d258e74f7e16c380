"""What comes of one row: a practice that can be stored, or the reasons why there is none."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from networks.geonames import Place
from practices.services import PracticeRecord

QUOTED_AT_MOST = 80


@dataclass
class CheckedRow:
    """A row's outcome: `problems` are (column, reason); with none of them the record can be stored.

    `place` is the id of a city or a place that becomes one. `organisations` holds the names under "lead" and "partners"
    that the row gives, `own_organisations` the ids of those that the practice has there, by folded name. `broken` lists
    (column, as written, as meant) of words whose encoding looks wrong.
    """

    line: int
    external_id: str
    title: str
    record: PracticeRecord | None = None
    place: int | Place | None = None
    organisations: dict[str, list[str]] = field(default_factory=dict)
    own_organisations: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    broken: list[tuple[str, str, str]] = field(default_factory=list)
    is_unchanged: bool = False

    def refuse(self, column, *reasons):
        """Note why a column, or with "" the whole row, cannot be stored."""
        self.problems += [(column, reason) for reason in reasons]

    def refuse_unknown(self, column, text):
        self.refuse(column, _("“%(text)s” is not known.") % {"text": shortened(text)})


def shortened(text):
    """What a reason quotes of a text that may be a long one."""
    return text if len(text) <= QUOTED_AT_MOST else text[: QUOTED_AT_MOST - 1] + "…"
