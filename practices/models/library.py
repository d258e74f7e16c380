"""The library's index: data derived from the public practices, written in the same transaction as they are.

Nothing here is a source of truth; `manage.py rebuild_search` makes all of it anew. Why it has this shape stands in
docs/decisions/0002-search-index.md.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from practices.models.practice import Practice


class BitStringField(models.Field):
    """PostgreSQL `varbit`; Python sees a string of "0" and "1"."""

    def db_type(self, connection):
        return "varbit"


class FacetDocument(models.Model):
    """What lists and counts need of one public practice: dates, sort keys and facet codes, no text."""

    practice = models.OneToOneField(
        Practice, on_delete=models.CASCADE, primary_key=True, related_name="facet_document"
    )
    published_at = models.DateTimeField()
    confirmed_on = models.DateField()
    evidence_rank = models.PositiveSmallIntegerField()
    city_id = models.BigIntegerField(null=True)
    facets = ArrayField(models.IntegerField())

    class Meta:
        indexes = [
            models.Index(fields=["-published_at", "-practice"], name="facetdoc_newest"),
            models.Index(fields=["-confirmed_on", "-practice"], name="facetdoc_confirmed"),
            models.Index(fields=["-evidence_rank", "-published_at", "-practice"], name="facetdoc_evidence"),
            GinIndex(fields=["facets"], name="facetdoc_facets", opclasses=["array_ops"], fastupdate=False),
        ]

    def __str__(self):
        return f"facets of {self.practice_id}"


class FacetBits(models.Model):
    """One bit per practice id for a facet code; all rows have the same length."""

    code = models.IntegerField(primary_key=True)
    bits = BitStringField()

    def __str__(self):
        return str(self.code)


class MatchDocument(models.Model):
    """The words of one public practice in all languages together; a lexeme says its language ("sv/kommun").

    `words` is everything, `heading` title and summary. Both lie beside the row, which stays so short that
    visiting many thousand matches is cheap.
    """

    practice = models.OneToOneField(
        Practice, on_delete=models.CASCADE, primary_key=True, related_name="match_document"
    )
    published_at = models.DateTimeField()
    heading = SearchVectorField()
    words = SearchVectorField()

    class Meta:
        indexes = [
            GinIndex(fields=["words"], name="matchdoc_words", fastupdate=False),
            GinIndex(fields=["heading"], name="matchdoc_heading", fastupdate=False),
        ]

    def __str__(self):
        return f"words of {self.practice_id}"


class SearchDocument(models.Model):
    """The words of one public practice for one site language, its text where it has one and its labels always.

    Matches are found by `MatchDocument`; this says how well a practice fits in each language, and where.
    """

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="search_documents")
    language = models.CharField(max_length=10)
    has_text = models.BooleanField()
    published_at = models.DateTimeField()
    title_key = models.TextField(db_collation="C")
    title_folded = models.TextField(db_collation="C")
    facets = ArrayField(models.IntegerField())
    words = SearchVectorField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice", "language"], name="searchdoc_once")]
        indexes = [
            models.Index(fields=["language", "title_key", "practice"], name="searchdoc_title"),
            models.Index(fields=["language", "title_folded"], name="searchdoc_title_prefix"),
        ]

    def __str__(self):
        return f"{self.language} words of {self.practice_id}"


class LexiconEntry(models.Model):
    """A word as it is written in public practices, for suggestions and spelling.

    `deletions` are the folded word and all its forms with one letter left out: two words share one of them when they
    are one edit apart.
    """

    language = models.CharField(max_length=10)
    word = models.TextField(db_collation="C")
    folded = models.TextField(db_collation="C")
    frequency = models.IntegerField(default=1)
    deletions = ArrayField(models.TextField())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["language", "word"], name="lexicon_word_once")]
        indexes = [
            models.Index(fields=["folded", "-frequency"], name="lexicon_prefix"),
            GinIndex(fields=["deletions"], name="lexicon_deletions", fastupdate=False),
            GinIndex(fields=["folded"], name="lexicon_trigrams", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self):
        return f"{self.word} ({self.language})"


class LibraryVersion(models.Model):
    """A number that changes with every change of what it names; caches and ETags are keyed by it.

    The value comes from a sequence, so that a rolled back change never lends its number to another one.
    """

    name = models.CharField(max_length=20, primary_key=True)
    value = models.BigIntegerField()
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return f"{self.name} {self.value}"
