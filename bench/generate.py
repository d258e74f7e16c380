"""A synthetic library: 1k, 10k or 100k practices in all languages, words by Zipf's law, facets skewed as in life.

    python -m bench 10000

Everything goes through the same index code as real practices; only the wide table is filled by COPY-like bulk inserts.
The same size and seed give the same library.
"""

import random
from bisect import bisect
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from common.languages import site_languages

SEED = 20_260_101
VOCABULARY = 30_000
LETTERS = {
    "en": ("aeiou", "bcdfghklmnprstvwy"),
    "fr": ("aeiouéèê", "bcdfghjlmnpqrstv"),
    "it": ("aeiouàè", "bcdfglmnprstvz"),
    "sv": ("aeiouyåäö", "bdfghjklmnprstv"),
    "ro": ("aeiouăâî", "bcdfghlmnprsștțvz"),
    "ar": ("اوي", "بتثجحخدذرزسشصضطعغفقكلمنه"),
}
FIELD_WORDS = {
    "title": (5, 9),
    "summary": (18, 28),
    "challenge": (20, 35),
    "description": (60, 110),
    "results": (20, 40),
    "lessons_learned": (15, 30),
    "what_did_not_work": (10, 20),
}
TOPIC_WORDS = {
    "en": "dialogue",
    "fr": "quartier",
    "ar": "الحوار",
    "it": "giovani",
    "sv": "kommun",
    "ro": "orașului",
}
"""Words that also stand in labels or synonyms of the vocabulary: they match whatever has such a topic."""

TOPIC_WORD_SHARE = 0.09
"""Share of the practices whose summary in a language has the language's topic word."""


class Language:
    """Words of one language, drawn by Zipf's law."""

    def __init__(self, code, random_):
        vowels, consonants = LETTERS[code]
        self.words = [_word(vowels, consonants, random_) for _ in range(VOCABULARY)]
        self.limits = list(accumulate(1 / (rank + 2.7) for rank in range(1, VOCABULARY + 1)))

    def text(self, count, random_):
        total = self.limits[-1]
        return [self.words[bisect(self.limits, random_.random() * total)] for _ in range(count)]


def _word(vowels, consonants, random_):
    pairs = random_.choice((2, 2, 3, 3, 3, 4))
    return "".join(random_.choice(consonants) + random_.choice(vowels) for _ in range(pairs)) + random_.choice(
        ("", *consonants)
    )


def skewed(items, random_, count=1):
    """Distinct items, early ones far more often than late ones."""
    found = []
    while len(found) < min(count, len(items)):
        item = items[int(len(items) * random_.random() ** 2.2)]
        if item not in found:
            found.append(item)
    return found


def texts(languages, random_):
    """{column: text} of one practice in every language."""
    columns = {}
    for code, language in languages.items():
        for field, (least, most) in FIELD_WORDS.items():
            words = language.text(random_.randint(least, most), random_)
            if field == "summary" and random_.random() < TOPIC_WORD_SHARE:
                words[random_.randrange(len(words))] = TOPIC_WORDS[code]
            text = " ".join(words).capitalize()
            columns[f"{field}_{code}"] = text if field in ("title", "summary") else f"<p>{text}.</p>"
    return columns


def generate(count, say):
    """Fill an empty database with `count` published practices; the index is made by `bench.databases.build_index`."""
    from networks.models import City, Network
    from practices.models import Practice
    from practices.services import PracticeRecord
    from vocabularies.models import Scheme, Term
    from vocabularies.services import load_vocabularies

    load_vocabularies()
    random_ = random.Random(SEED)
    languages = {code: Language(code, random_) for code in site_languages()}
    terms = {scheme: list(Term.objects.in_scheme(scheme).values_list("pk", flat=True)) for scheme in Scheme.values}
    countries = [
        "IT",
        "SE",
        "FR",
        "DE",
        "ES",
        "RO",
        "NO",
        "DK",
        "BE",
        "NL",
        "GR",
        "TN",
        "MA",
        "JO",
        "EG",
        "TR",
        "PL",
        "PT",
    ]
    City.objects.bulk_create(
        City(
            name_en=f"City {number}",
            slug=f"city-{number}",
            country=countries[int(len(countries) * random_.random() ** 1.6)],
            latitude=round(random_.uniform(32, 66), 4),
            longitude=round(random_.uniform(-9, 36), 4),
            geonames_id=9_000_000 + number,
        )
        for number in range(2000)
    )
    cities = list(City.objects.order_by("pk").values_list("pk", flat=True))
    Network.objects.bulk_create(Network(slug=f"network-{number}", name_en=f"Network {number}") for number in range(12))
    networks = list(Network.objects.order_by("pk").values_list("pk", flat=True))
    newest = datetime(2026, 10, 1, tzinfo=UTC)
    for start in range(0, count, 500):
        records = []
        for number in range(start, min(start + 500, count)):
            published = newest - timedelta(minutes=random_.randrange(5_000_000))
            practice = Practice(
                external_source="bench",
                external_id=str(number),
                source_language=random_.choice(site_languages()),
                status=Practice.Status.PUBLISHED,
                published_at=published,
                confirmed_on=date(2026, 10, 1) - timedelta(days=random_.randrange(900)),
                city_id=skewed(cities, random_)[0],
                geographic_scope_id=skewed(terms["scope"], random_)[0],
                lifecycle_id=skewed(terms["lifecycle"], random_)[0],
                budget_band_id=skewed(terms["budget-band"], random_)[0],
                evidence_level_id=skewed(terms["evidence-level"], random_)[0],
                transferability_id=skewed(terms["transferability"], random_)[0],
                contact_email="bench@example.org",
                **texts(languages, random_),
            )
            records.append(
                PracticeRecord(
                    practice,
                    terms={
                        "themes": skewed(terms["theme"], random_, random_.randint(1, 3)),
                        "approaches": skewed(terms["approach"], random_, random_.randint(1, 3)),
                        "beneficiaries": skewed(terms["beneficiary"], random_, random_.randint(1, 3)),
                    },
                    network_ids=skewed(networks, random_, random_.choice((0, 1, 1, 1, 2))),
                )
            )
        _insert(records)
        say(min(start + 500, count), count)


def _insert(records):
    from django.db import transaction

    from practices.models import Practice
    from practices.services import store_relations

    with transaction.atomic():
        Practice.objects.bulk_create([record.practice for record in records], batch_size=250)
        store_relations(records, [])
