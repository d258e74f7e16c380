"""Which practice a row is about."""

import hashlib

from common.encoding import repaired
from common.languages import site_languages
from common.text import clean_line
from practices.columns import FURTHER_NETWORKS, HUB_ID
from practices.imports.cells import several
from practices.imports.references import References


def identity(values: dict[str, str], references: References) -> tuple[str, str]:
    """(list the id belongs to, external id). A row without id gets one from its title and city, so that a rerun knows
    it again, in whatever encoding it comes."""
    named = [text for text in several(values.get("network", "")) if text != FURTHER_NETWORKS][:1]
    network = references.network(named[0]) if named else None
    source = network.slug if network else "".join(named)
    external_id = clean_line(values.get("external_id", ""))
    if not external_id:
        telling = [values.get(f"title_{language}", "") for language in site_languages()]
        telling += [values.get("city", ""), values.get("geonames_id", "")]
        digest = hashlib.sha256("\n".join(clean_line(repaired(text)) for text in telling).encode())
        external_id = f"row-{digest.hexdigest()[:20]}"
    return source[:80], external_id


def hub_number(values) -> int:
    """The number of the practice here that a row is about; 0 where it names none, or nothing like a number."""
    text = clean_line(values.get(HUB_ID, ""))
    return int(text) if text.isdecimal() and len(text) < 19 else 0
