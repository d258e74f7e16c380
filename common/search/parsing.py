"""What a person typed, as words to find, words to leave out, and phrases."""

import re
from dataclasses import dataclass
from itertools import pairwise

from common.search.analysis import Token, tokens
from common.search.folding import fold
from common.text import clean_line

MAX_QUERY_LENGTH = 200
MAX_WORDS = 12
MAX_JOINED = 3
_PIECE = re.compile(r'(?P<minus>(?<!\S)[-\u2212\u2013])?(?:["“”„«»](?P<phrase>[^"“”„«»]+)["“”„«»]|(?P<word>\S+))')


@dataclass(frozen=True, slots=True)
class Clause:
    """A word or phrase of the query, as typed."""

    text: str
    is_phrase: bool = False


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    wanted: tuple[Clause, ...]
    unwanted: tuple[Clause, ...]

    def __bool__(self):
        return bool(self.wanted or self.unwanted)

    @property
    def words(self):
        """The single words to find, without phrases."""
        return tuple(clause.text for clause in self.wanted if not clause.is_phrase)


def parse_query(typed: str) -> ParsedQuery:
    """Split into clauses: `-word` and `-"a phrase"` are unwanted, quotes of any country make a phrase.

    At most MAX_WORDS clauses of the first MAX_QUERY_LENGTH characters are used.
    """
    wanted, unwanted = [], []
    for piece in _PIECE.finditer(clean_line(typed)[:MAX_QUERY_LENGTH]):
        text = piece["phrase"] or (piece["word"] or "").strip('"“”„«»')
        if not text.strip():
            continue
        clause = Clause(text.strip(), is_phrase=piece["phrase"] is not None)
        (unwanted if piece["minus"] else wanted).append(clause)
    return ParsedQuery(tuple(wanted[:MAX_WORDS]), tuple(unwanted[:MAX_WORDS]))


def lexeme(form: str, language: str) -> str:
    """A form as it stands in the index: its language first, quoted for a tsvector or tsquery literal."""
    return "'{}/{}'".format(language, form.replace("\\", "\\\\").replace("'", "''"))


def clause_query(clause: Clause, language: str) -> str:
    """The tsquery of one clause in one language, or "" where only stop words are in it."""
    words = tokens(clause.text, language)
    if not clause.is_phrase:
        query = _all(_any(word, language) for word in words if word.forms)
        if query and len(words) > 1:
            query = f"({query} | {lexeme(fold(''.join(word.surface for word in words)), language)})"
        return query
    query, gap = "", 0
    for word in words:
        gap += 1
        if word.forms:
            query = f"{query} <{gap}> {_any(word, language)}" if query else _any(word, language)
            gap = 0
    return f"({query})" if query else ""


def document_query(clauses, language: str, *, match_all=True) -> str:
    """The tsquery that a document of the language must meet for all (or any) of the clauses, or "".

    Neighbouring words may stand in the text as one ("lungo mare", "lungomare"); in short queries that is tried too.
    """
    ways = [_combined(clauses, language, match_all)]
    for number, joined in _joined(clauses):
        ways.append(_combined((*clauses[:number], joined, *clauses[number + 2 :]), language, match_all))
    return " | ".join(dict.fromkeys(filter(None, ways)))


def spellings(clauses) -> list[tuple[Clause, ...]]:
    """Per clause the ways in which it may stand in a text: by itself, and joined with a neighbour."""
    ways = [[clause] for clause in clauses]
    for number, joined in _joined(clauses):
        ways[number].append(joined)
        ways[number + 1].append(joined)
    return [tuple(way) for way in ways]


def _joined(clauses):
    """Yield (number of the first, both words as one) for neighbours of a short query."""
    if 2 <= len(clauses) <= MAX_JOINED:
        for number, (one, other) in enumerate(pairwise(clauses)):
            if not (one.is_phrase or other.is_phrase):
                yield number, Clause(one.text + other.text)


def _combined(clauses, language, match_all):
    parts = [query for query in (clause_query(clause, language) for clause in clauses) if query]
    return f"({(' & ' if match_all else ' | ').join(parts)})" if parts else ""


def _any(word: Token, language: str) -> str:
    return f"({' | '.join(lexeme(form, language) for form in sorted(word.forms))})"


def _all(queries) -> str:
    queries = list(queries)
    return f"({' & '.join(queries)})" if queries else ""
