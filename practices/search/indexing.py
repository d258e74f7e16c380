"""Keeping the library's index: always in the transaction that changes the practices themselves."""

from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from django.db import connection, transaction
from psycopg2.extras import execute_values

from common.languages import site_languages
from common.search.analysis import base_form
from common.search.folding import fold
from practices.models import (
    FacetBits,
    FacetDocument,
    LexiconEntry,
    MatchDocument,
    Practice,
    SearchDocument,
)
from practices.search.facets import EVERYTHING, FACET, facet_of, practice_codes
from practices.search.spelling import deletions
from practices.search.vectors import practice_words

BITS_STEP = 16_384
"""The bit strings grow by this many bits, so that growing is rare."""

CHUNK = 200
RELATIONS = ("ranked_themes__theme", "approaches", "beneficiaries", "delivered_by", "networks")


def indexable(practice_ids):
    """Public practices among the ids, with all that their index rows need."""
    return (
        Practice.objects.public()
        .filter(pk__in=practice_ids)
        .select_related("city", "evidence_level")
        .prefetch_related(*RELATIONS)
        .order_by("pk")
    )


def reindex(practice_ids, *, known_words=None):
    """Bring the index rows of these practices up to date; those that are not public leave the index.

    Runs in the caller's transaction, so readers see practice and index change together. `known_words` is a set of
    (language, word) that a bulk run may pass to skip words it has already stored. Returns how many are in the index.
    """
    practice_ids = list(practice_ids)
    with transaction.atomic():
        size = _lock_bits(practice_ids)
        before = dict(FacetDocument.objects.filter(pk__in=practice_ids).values_list("pk", "facets"))
        after, lexicon = _write_documents(practice_ids, before)
        _write_bits(before, after, size)
        add_words(lexicon, known_words)
        bump_version("practices")
    return len(after)


def _write_documents(practice_ids, before):
    """Facet and search documents of the ids; returns the new {id: facet codes} and the words written with."""
    practices = list(indexable(practice_ids))
    after = {practice.pk: practice_codes(practice) for practice in practices}
    gone = set(before) - set(after)
    lost_words = _words_of(gone)
    _write_facet_documents(practices, after, gone)
    lexicon = _write_search_documents(practice_ids, practices, after)
    _forget_words(lost_words)
    return after, lexicon


def bump_version(name):
    """Give the library ("practices" or "labels") a number it never had; caches and ETags follow it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO practices_libraryversion (name, value, changed_at)"
            " VALUES (%s, nextval('practices_library_version'), now())"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
            [name],
        )


def library_version():
    """(number of the practices, number of the labels) as this transaction sees them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, value FROM practices_libraryversion")
        values = dict(cursor.fetchall())
    return values.get("practices", 0), values.get("labels", 0)


def _lock_bits(practice_ids):
    """Take the one lock of index writers and make room for the highest id. Returns the length of the bit strings."""
    needed = (max(practice_ids, default=0) // BITS_STEP + 1) * BITS_STEP
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO practices_facetbits (code, bits) VALUES (%s, repeat('0', %s)::varbit) ON CONFLICT DO NOTHING",
            [EVERYTHING, needed],
        )
        cursor.execute("SELECT length(bits) FROM practices_facetbits WHERE code = %s FOR UPDATE", [EVERYTHING])
        size = cursor.fetchone()[0]
        if size < needed:
            cursor.execute("UPDATE practices_facetbits SET bits = rpad(bits::text, %s, '0')::varbit", [needed])
            size = needed
    return size


def _write_facet_documents(practices, codes, gone):
    FacetDocument.objects.filter(pk__in=gone).delete()
    FacetDocument.objects.bulk_create(
        [
            FacetDocument(
                practice=practice,
                published_at=practice.published_at,
                confirmed_on=practice.confirmed_on or practice.published_at.date(),
                evidence_rank=practice.evidence_level.order,
                city_id=None if practice.location_precision == Practice.Precision.HIDDEN else practice.city_id,
                facets=codes[practice.pk],
            )
            for practice in practices
        ],
        update_conflicts=True,
        unique_fields=["practice"],
        update_fields=["published_at", "confirmed_on", "evidence_rank", "city_id", "facets"],
    )


def _write_search_documents(practice_ids, practices, codes):
    """Replace search and match documents; returns the words they are written with, as (language, word)."""
    lexicon, rows, matches = set(), [], []
    for practice in practices:
        of_practice = [practice_words(practice, language) for language in site_languages()]
        matches.append(
            (
                practice.pk,
                practice.published_at,
                " ".join(words.heading for words in of_practice),
                " ".join(words.words for words in of_practice),
            )
        )
        for words in of_practice:
            rows.append(
                (
                    practice.pk,
                    words.language,
                    words.has_text,
                    practice.published_at,
                    words.title_key,
                    words.title_folded,
                    codes[practice.pk],
                    words.words,
                )
            )
            lexicon |= {(words.language, word) for word in words.lexicon}
    SearchDocument.objects.filter(practice__in=practice_ids).delete()
    MatchDocument.objects.filter(pk__in=practice_ids).delete()
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "INSERT INTO practices_searchdocument (practice_id, language, has_text, published_at, title_key,"
            " title_folded, facets, words) VALUES %s",
            rows,
            template="(%s, %s, %s, %s, %s, %s, %s::int[], %s::tsvector)",
            page_size=200,
        )
        execute_values(
            cursor.cursor,
            "INSERT INTO practices_matchdocument (practice_id, published_at, heading, words) VALUES %s",
            matches,
            template="(%s, %s, %s::tsvector, %s::tsvector)",
            page_size=50,
        )
    return lexicon


def _write_bits(before, after, size):
    """Set and clear the bits of the practices whose facets changed."""
    added, removed = defaultdict(list), defaultdict(list)
    for practice_id in sorted(set(before) | set(after)):
        old = _counted(before.get(practice_id), practice_id in before)
        new = _counted(after.get(practice_id), practice_id in after)
        for code in new - old:
            added[code].append(practice_id)
        for code in old - new:
            removed[code].append(practice_id)
    with connection.cursor() as cursor:
        for code in sorted(set(added) | set(removed)):
            cursor.execute(
                "INSERT INTO practices_facetbits AS f (code, bits) VALUES (%(code)s, library_mask(%(add)s, %(size)s))"
                " ON CONFLICT (code) DO UPDATE SET"
                " bits = (f.bits & ~library_mask(%(clear)s, %(size)s)) | excluded.bits",
                {"code": code, "add": added[code], "clear": removed[code], "size": size},
            )


def _counted(codes, is_public):
    """Codes that have a bit string: all but those of sparse facets, and the one of everything."""
    if not is_public:
        return set()
    return {EVERYTHING, *(code for code in codes if not facet_of(code).is_sparse)}


def rebuild_bits():
    """Make all bit strings anew from the facet documents, in one statement."""
    sparse = FACET["city"].codes
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(practice_id), 0) FROM practices_facetdocument")
        size = _lock_bits([cursor.fetchone()[0]])
        FacetBits.objects.exclude(pk=EVERYTHING).delete()
        cursor.execute(
            "INSERT INTO practices_facetbits AS f (code, bits)"
            " SELECT code, library_mask(array_agg(practice_id ORDER BY practice_id), %s)"
            " FROM practices_facetdocument, unnest(facets || %s) AS code"
            " WHERE NOT code BETWEEN %s AND %s GROUP BY code"
            " ON CONFLICT (code) DO UPDATE SET bits = excluded.bits",
            [size, EVERYTHING, sparse.start, sparse.stop - 1],
        )
        cursor.execute("SELECT count(*) FROM practices_facetdocument")
        if not cursor.fetchone()[0]:
            cursor.execute("UPDATE practices_facetbits SET bits = repeat('0', %s)::varbit", [size])
        bump_version("practices")


def rebuild(*, progress=None, jobs=1):
    """Make the whole index anew from the records, in chunks; readers are served all the while.

    `progress(done, total)` is called after each chunk; `jobs` processes share the work.
    """
    _known_words.clear()
    ids = list(Practice.objects.public().order_by("pk").values_list("pk", flat=True))
    public = Practice.objects.public().values("pk")
    with transaction.atomic():
        FacetDocument.objects.exclude(pk__in=public).delete()
        SearchDocument.objects.exclude(practice__in=public).delete()
        MatchDocument.objects.exclude(pk__in=public).delete()
        LexiconEntry.objects.all().delete()
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    done = 0
    for size in _rebuilt(chunks, jobs):
        done += size
        if progress:
            progress(done, len(ids))
    rebuild_bits()
    refresh_frequencies()
    return len(ids)


def _rebuilt(chunks, jobs):
    """Rebuild chunks here or in child processes; yields the size of each as it is done."""
    if jobs == 1:
        yield from map(_rebuild_chunk, chunks)
        return
    connection.close()  # A connection must not be shared with the children.
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        yield from pool.map(_rebuild_chunk, chunks)


_known_words = set()


def _rebuild_chunk(practice_ids):
    """Documents and words of a chunk, without the bit strings, which `rebuild_bits` makes in one go."""
    with transaction.atomic():
        _, lexicon = _write_documents(practice_ids, {})
        add_words(lexicon, _known_words)
    return len(practice_ids)


def add_words(lexicon, known_words=None):
    """Store words, given as (language, word), that the lexicon does not have yet."""
    new = sorted(lexicon - (_stored_words(lexicon) if known_words is None else known_words))
    rows = []
    for language, word in new:
        folded = fold(word)
        rows.append((language, word, folded, 1, deletions(folded, base_form(word, language))))
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "INSERT INTO practices_lexiconentry (language, word, folded, frequency, deletions)"
            " VALUES %s ON CONFLICT DO NOTHING",
            rows,
            template="(%s, %s, %s, %s, %s::text[])",
            page_size=500,
        )
    if known_words is not None:
        known_words.update(new)


def _stored_words(lexicon):
    """Those of the words that the lexicon has: nearly all, once there are some practices."""
    languages, words = zip(*lexicon, strict=True) if lexicon else ((), ())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT language, word FROM unnest(%s::text[], %s::text[]) AS asked (language, word)"
            " WHERE EXISTS (SELECT FROM practices_lexiconentry l"
            "               WHERE l.language = asked.language AND l.word = asked.word)",
            [list(languages), list(words)],
        )
        return set(cursor.fetchall())


def _words_of(practice_ids):
    """Lexemes of practices that are about to leave the index."""
    if not practice_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT w.lexeme FROM practices_matchdocument m, unnest(m.words) AS w"
            " WHERE m.practice_id = ANY(%s)",
            [list(practice_ids)],
        )
        return [lexeme for (lexeme,) in cursor.fetchall()]


def _forget_words(lexemes):
    """Take out of the lexicon what no public practice says any more: a withdrawn text must not be suggested."""
    if not lexemes:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM practices_lexiconentry l USING unnest(%s) AS gone"
            " WHERE l.language = split_part(gone, '/', 1) AND l.folded = split_part(gone, '/', 2)"
            " AND NOT EXISTS (SELECT FROM library_matches(quote_literal(gone)::tsquery))",
            [list(lexemes)],
        )


def refresh_frequencies():
    """Count in how many search documents each word of the lexicon stands, and drop words that stand in none."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE counted_words ON COMMIT DROP AS"
            " SELECT word, ndoc FROM ts_stat('SELECT words FROM practices_searchdocument')"
        )
        cursor.execute("CREATE INDEX ON counted_words (word)")
        cursor.execute("ANALYZE counted_words")
        cursor.execute(
            "UPDATE practices_lexiconentry l SET frequency = c.ndoc FROM counted_words c"
            " WHERE c.word = l.language || '/' || l.folded AND l.frequency <> c.ndoc"
        )
        cursor.execute(
            "DELETE FROM practices_lexiconentry l WHERE NOT EXISTS"
            " (SELECT FROM counted_words c WHERE c.word = l.language || '/' || l.folded)"
        )
