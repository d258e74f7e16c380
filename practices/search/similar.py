"""Published practices that may be the same as one that is about to be submitted."""

from dataclasses import dataclass

from common.search.analysis import tokens
from common.search.parsing import parse_query
from practices.models import Practice
from practices.search.cards import Card, load_cards
from practices.search.catalogue import Catalogue
from practices.search.matching import matching_page
from practices.search.request import LibraryRequest
from practices.search.text_queries import text_query

CANDIDATES = 20
SHOWN = 3
ENOUGH = 0.3
SAME_CITY = 0.15
SAME_THEME = 0.05


@dataclass(frozen=True)
class Similar:
    """A practice that has much in common with the one asked about; `share` of the words, 0 to 1."""

    card: Card
    share: float
    is_same_city: bool


def similar_practices(practice_id: int, content: dict, language: str, catalogue: Catalogue) -> list[Similar]:
    """Practices written in the language that say much the same as a content, the most similar first.

    Found by any of its words; judged by how many words title and summary share, and by city and themes.
    """
    own = _words(content.get(f"title_{language}", ""), content.get(f"summary_{language}", ""), language)
    parsed = parse_query(f"{content.get(f'title_{language}', '')} {content.get(f'summary_{language}', '')}")
    if not own or not parsed.wanted:
        return []
    query = text_query(parsed, match_all=False)
    in_language = catalogue.value("language", language)
    request = LibraryRequest(text=query.title, sort="relevance", chosen=(in_language,) if in_language else ())
    found = matching_page(request, query, language, CANDIDATES)[0] if query.matching else []
    rows = (
        Practice.objects.rewrite(False)
        .filter(pk__in=[pk for pk, _language in found], source_language=language)
        .exclude(pk=practice_id)
        .prefetch_related("ranked_themes")
        .only("city", "source_language", f"title_{language}", f"summary_{language}")
    )
    judged = []
    for row in rows:
        words = _words(row.text("title", language), row.text("summary", language), language)
        share = (_met(own, words) + _met(words, own)) / (len(own) + len(words)) if words else 0
        is_same_city = row.city_id == content.get("city")
        themes = {ranked.theme_id for ranked in row.ranked_themes.all()} & set(content.get("themes", ()))
        judged.append((share + SAME_CITY * is_same_city + SAME_THEME * len(themes), share, is_same_city, row.pk))
    best = sorted(entry for entry in judged if entry[0] >= ENOUGH)[::-1][:SHOWN]
    cards = {card.practice_id: card for card in load_cards([entry[3] for entry in best], catalogue)}
    return [Similar(cards[pk], share, same_city) for _score, share, same_city, pk in best if pk in cards]


def _words(title, summary, language):
    return {token.forms for token in tokens(f"{title} {summary}", language) if token.forms}


def _met(words, others):
    """How many of the words have a form in common with one of the others."""
    forms = frozenset().union(*others) if others else frozenset()
    return sum(not forms.isdisjoint(word) for word in words)
