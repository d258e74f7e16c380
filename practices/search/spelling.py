"""The nearest known words to one that nobody wrote."""

from django.db import connection

from common.search.analysis import base_form

MAX_WORD = 40


def deletions(*folded: str) -> list[str]:
    """The words and all they become with one letter left out; words one edit apart share one of these."""
    found = set()
    for word in folded:
        word = word[:MAX_WORD]
        found |= {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}
    return sorted(found - {""})


def edit_distance(one: str, other: str, limit: int = 2) -> int:
    """Optimal string alignment distance: insert, delete, replace, swap neighbours; `limit + 1` when it is more."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before_last, last = [], list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, other_letter in enumerate(other, start=1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != other_letter))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == other_letter:
                cost = min(cost, before_last[column - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before_last, last = last, current
    return min(last[-1], limit + 1)


def nearest_words(folded: str, reader: str, limit: int = 3) -> list[tuple[str, str]]:
    """Known words near a folded one, best first, as (language, word).

    One edit apart by shared deletions; only where there is none, two edits among those alike by trigrams. Near ones
    first, then words of the reader's language, then the more frequent.
    """
    if len(folded) < 4:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT language, word, folded, frequency FROM practices_lexiconentry WHERE deletions && %s::text[]",
            [deletions(folded)],
        )
        found = _ranked(folded, cursor.fetchall(), reader)
        if not found and len(folded) >= 5:
            cursor.execute(
                "SELECT language, word, folded, frequency FROM practices_lexiconentry WHERE folded %% %s"
                " AND similarity(folded, %s) >= 0.4 ORDER BY similarity(folded, %s) DESC LIMIT 30",
                [folded, folded, folded],
            )
            found = _ranked(folded, cursor.fetchall(), reader)
    return found[:limit]


def _ranked(folded, rows, reader):
    scored = []
    for language, word, candidate, frequency in rows:
        distance = min(edit_distance(folded, candidate), edit_distance(folded, base_form(word, language)))
        if distance <= 2 and not candidate.isdigit():
            scored.append((distance, candidate[0] != folded[0], language != reader, -frequency, word, language))
    return [(language, word) for *_, word, language in sorted(scored)]
