"""What a request matches of a few practices is what the library lists of them."""

import pytest
from django.http import QueryDict

from practices.search.catalogue import catalogue
from practices.search.indexing import library_version
from practices.search.library import library_page, matching_among
from practices.search.request import LibraryRequest
from tests.factories import make_practice, make_term
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "query",
    ["", "q=walks", "q=walking", "q=walks+night", "q=-night", "q=%22night+walks%22", "theme=youth", "q=the",
     "theme=youth&q=night", "theme=youth&theme=sport", "theme=sport&q=walks", "language=sv", "q=nattvandring"],
)  # fmt: skip
def test_matching_among_agrees_with_the_list(query):
    youth, sport = make_term(Scheme.THEME, "youth"), make_term(Scheme.THEME, "sport")
    shown = [
        make_practice(themes=[youth], texts={"title_en": "Night walks"}),
        make_practice(themes=[sport], texts={"title_en": "Walks by day"}),
        make_practice(themes=[sport, youth], language="sv", texts={"title_sv": "Nattvandringar"}),
    ]
    hidden = make_practice(themes=[youth], texts={"title_en": "Night walks"}, visibility="network")
    asked = LibraryRequest.parse(QueryDict(query), catalogue("en", library_version()[1]))
    listed = {hit.practice_id for hit in library_page(asked, "en").hits}

    assert matching_among(asked, [*(practice.pk for practice in shown), hidden.pk]) == listed
    assert matching_among(asked, [shown[0].pk]) == listed & {shown[0].pk}
    assert matching_among(asked, []) == set()
