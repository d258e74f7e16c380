"""A text made ready for the index, and what is tried when it finds nothing."""

from dataclasses import dataclass, field

from django.db import connection

from common.languages import site_languages
from common.search.analysis import tokens
from common.search.parsing import Clause, ParsedQuery, clause_query, document_query, spellings
from practices.search.spelling import nearest_words
from practices.search.vectors import folded_title


@dataclass(frozen=True)
class TextQuery:
    """One tsquery over all languages, and how it came about.

    `matching` is what a practice must have in one of its languages, `excluding` what it must have in none; `title` is
    the whole text folded, `clauses` its parts.
    """

    matching: str
    excluding: str
    title: str
    clauses: tuple[Clause, ...]
    corrected: dict[str, str] = field(default_factory=dict)
    is_partial: bool = False

    @property
    def any_word(self) -> str:
        """The tsquery of whatever has at least one of the clauses."""
        return " | ".join(self.clause_queries)

    @property
    def clause_queries(self) -> list[str]:
        """One tsquery over all languages per clause; a clause of mere stop words has none."""
        queries = [
            " | ".join(
                dict.fromkeys(filter(None, (clause_query(way, code) for code in site_languages() for way in ways)))
            )
            for ways in spellings(self.clauses)
        ]
        return [query for query in queries if query]

    @property
    def condition(self) -> str:
        """The tsquery a practice in the list must meet, "" for a text that only excludes or says nothing."""
        if self.matching and self.excluding:
            return f"({self.matching}) & !({self.excluding})"
        return self.matching


def text_query(parsed: ParsedQuery, *, match_all=True, corrected=None) -> TextQuery:
    matching = [document_query(parsed.wanted, code, match_all=match_all) for code in site_languages()]
    excluding = [clause_query(clause, code) for code in site_languages() for clause in parsed.unwanted]
    return TextQuery(
        " | ".join(filter(None, matching)),
        " | ".join(filter(None, excluding)),
        folded_title(" ".join(clause.text for clause in parsed.wanted)),
        parsed.wanted,
        corrected or {},
        not match_all,
    )


def second_tries(parsed: ParsedQuery, reader: str):
    """Yield other queries for a text that finds nothing: the nearest spelling, then any of its words."""
    corrected = _corrections(parsed, reader)
    if corrected:
        respelled = ParsedQuery(
            tuple(Clause(corrected.get(clause.text, clause.text), clause.is_phrase) for clause in parsed.wanted),
            parsed.unwanted,
        )
        yield text_query(respelled, corrected=corrected)
        parsed = respelled
    if len(parsed.wanted) > 1:
        yield text_query(parsed, match_all=False, corrected=corrected)


def stands_somewhere(tsquery: str) -> bool:
    """Whether any public practice meets it."""
    if not tsquery:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM library_matches(%s::tsquery))", [tsquery])
        return cursor.fetchone()[0]


def query_forms(query: TextQuery, language: str) -> set[str]:
    """Every form the text is looked for by in one language; what highlighting marks."""
    return {form for clause in query.clauses for token in tokens(clause.text, language) for form in token.forms}


def _corrections(parsed, reader):
    """{word as typed: nearest known word} for the words that stand in no practice."""
    corrected = {}
    for clause in parsed.wanted:
        if clause.is_phrase or _is_known(clause):
            continue
        near = nearest_words(folded_title(clause.text), reader, limit=1)
        if near:
            corrected[clause.text] = near[0][1]
    return corrected


def _is_known(clause):
    return stands_somewhere(" | ".join(filter(None, (clause_query(clause, code) for code in site_languages()))))
