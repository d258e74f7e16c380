"""Loading the vocabularies from the data files of the repository."""

import tomllib
from pathlib import Path

from django.db import transaction

from common.languages import site_languages
from common.text import clean_line
from vocabularies.models import Scheme, Term

DATA = Path(__file__).parent / "data"


@transaction.atomic
def load_vocabularies(folder: Path = DATA) -> dict[str, int]:
    """Bring the terms of all schemes to what the data files say; returns how many were added, changed and kept.

    Running it again changes nothing. A term that a file no longer names is deprecated, not deleted; a file's languages
    beyond the site's are ignored. Raises ValueError naming file and term where a label is missing.
    """
    outcome = {"added": 0, "changed": 0, "unchanged": 0, "deprecated": 0}
    for scheme in Scheme.values:
        entries = tomllib.loads((folder / f"{scheme}.toml").read_text(encoding="utf-8"))["term"]
        existing = {term.code: term for term in Term.objects.in_scheme(scheme)}
        for order, entry in enumerate(entries):
            values = _values(scheme, entry, order)
            term = existing.pop(entry["code"], None)
            if term is None:
                Term.objects.create(scheme=scheme, code=entry["code"], **values)
                outcome["added"] += 1
                continue
            changed = [name for name, value in values.items() if getattr(term, name) != value]
            for name in changed:
                setattr(term, name, values[name])
            if changed:
                term.save()
            outcome["changed" if changed else "unchanged"] += 1
        for term in existing.values():
            if not term.deprecated:
                term.deprecated = True
                term.save(update_fields=["deprecated"])
                outcome["deprecated"] += 1
    return outcome


def _values(scheme, entry, order):
    values = {"alignment": entry.get("alignment", ""), "order": order, "deprecated": entry.get("deprecated", False)}
    for language in site_languages():
        label = clean_line(entry["label"].get(language, ""))
        if not label and language == "en":
            raise ValueError(f"{scheme}.toml: {entry['code']} has no English label")
        values[f"label_{language}"] = label
        values[f"definition_{language}"] = clean_line(entry.get("definition", {}).get(language, ""))
        synonyms = entry.get("synonyms", {}).get(language, [])
        values[f"synonyms_{language}"] = "\n".join(clean_line(synonym) for synonym in synonyms)
    return values
