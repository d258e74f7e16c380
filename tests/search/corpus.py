"""The records and queries of the search tests, as data files next to this one."""

import json
from collections import Counter
from pathlib import Path

from practices.models import Practice
from practices.search.indexing import reindex
from practices.search.library import library_page
from practices.search.request import LibraryRequest
from tests.factories import make_city, make_practice
from vocabularies.models import Scheme, Term
from vocabularies.services import load_vocabularies

HERE = Path(__file__).parent
TOP = 10


def read(folder):
    """[(file's language, entry)] of a folder of data files."""
    return [
        (path.stem, entry) for path in sorted((HERE / folder).glob("*.json")) for entry in json.loads(path.read_text())
    ]


def load_corpus():
    """Make the corpus searchable; returns {key: practice id}."""
    load_vocabularies()
    terms = {(term.scheme, term.code): term for term in Term.objects.all()}
    cities, keys = {}, {}
    for _, record in read("corpus"):
        place = (record["city"], record["country"])
        if place not in cities:
            cities[place] = make_city(*place)
        texts = {
            f"{field}_{language}": text
            for field in ("title", "summary", "description")
            for language, text in record.get(field, {}).items()
        }
        source = record["source_language"]
        blank = {f"{field}_{source}": "<p>–</p>" for field in ("challenge", "results", "lessons_learned")}
        practice = make_practice(
            language=source,
            city=cities[place],
            themes=[terms[Scheme.THEME, code] for code in record["themes"][:3]],
            approaches=[terms[Scheme.APPROACH, code] for code in record["approaches"]],
            beneficiaries=[terms[Scheme.BENEFICIARY, code] for code in record["beneficiaries"]],
            texts=blank | texts,
            index=False,
        )
        keys[record["key"]] = practice.pk
    reindex(Practice.objects.values_list("pk", flat=True))
    return keys


def found_keys(query, reader, keys):
    """Keys of the first hits for what a reader typed."""
    by_id = {pk: key for key, pk in keys.items()}
    asked = LibraryRequest(text=query, sort="relevance")
    return [by_id[hit.practice_id] for hit in library_page(asked, reader, page_size=TOP).hits]


def failure(entry, keys):
    """Why a query does not give what it must, or None."""
    found = found_keys(entry["query"], entry["reader"], keys)
    missing = [key for key in entry["expect"] if key not in found]
    unwanted = [key for key in entry.get("absent", ()) if key in found]
    if missing or unwanted:
        return f"found {found}, missing {missing}, unwanted {unwanted}"
    if entry.get("top") and found[0] != entry["expect"][0]:
        return f"first is {found[0]}, not {entry['expect'][0]}"
    return None


def score(folder, keys):
    """(share that passes, report with the share per language and kind and each failure)."""
    passed, total, lines = Counter(), Counter(), []
    for language, entry in read(folder):
        reason = failure(entry, keys)
        for group in ("all", f"language {language}", f"kind {entry['kind']}"):
            total[group] += 1
            passed[group] += reason is None
        if reason:
            lines.append(f"  {language} {entry['kind']}: {entry['query']!r} wants {entry['expect']}: {reason}")
    table = [f"{passed[group] / total[group]:6.1%} of {total[group]:3} {group}" for group in sorted(total)]
    return passed["all"] / total["all"], "\n".join([f"{folder}:", *table, *lines])
