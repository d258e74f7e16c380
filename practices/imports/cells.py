"""The cells of a row as they come: too long, broken by a wrong encoding, or with several texts in one."""

import re

from django.utils.translation import gettext as _

from common.encoding import broken_pieces, repaired
from common.spreadsheets import separated
from common.text import clean_line
from practices.imports.outcome import shortened
from practices.imports.reading import MAX_CELL

MAYBE_BROKEN = re.compile("[\x80-\x9f]|[\u00c2-\u00f4][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
"""UTF-8 read as Windows-1252 always has one of these; looking at every word of every text takes ten times as long."""


def check_cells(values, decided, checked, *, repair_encoding):
    """Note what is too long or broken, and empty or repair it in `values`.

    `decided` are texts by column that stand in the hub: nobody is asked about them again. `repair_encoding`: True
    repairs broken words, False keeps them, None makes them a problem to decide on.
    """
    for column, value in values.items():
        if column in decided and value == decided[column]:
            continue
        if len(value) > MAX_CELL:
            checked.refuse(column, _("This text is far too long."))
            values[column] = ""
        elif value and MAYBE_BROKEN.search(value) and (pieces := broken_pieces(value)):
            checked.broken += [(column, written, meant) for written, meant in pieces]
            if repair_encoding:
                values[column] = repaired(value)
            elif repair_encoding is None:
                reason = _("Broken encoding: “%(written)s” is probably “%(meant)s”.")
                written, meant = map(shortened, pieces[0])
                checked.refuse(column, reason % {"written": written, "meant": meant})


def several(text) -> list[str]:
    """The different texts of a cell, clean and in their order."""
    return list(dict.fromkeys(part for part in map(clean_line, separated(text)) if part))
