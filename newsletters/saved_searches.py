"""Questions to the library, in the one spelling under which they are kept and compared."""

from dataclasses import replace

from django.http import QueryDict

from common.languages import current_language
from common.phrases import listed
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version
from practices.search.request import LibraryRequest

LONGEST = 1000


def understood(query: str) -> LibraryRequest:
    """What the parameters of an address of the library ask for, without page and order; what means nothing is left out."""
    asked = LibraryRequest.parse(QueryDict(query), catalogue(current_language(), library_version()[1]))
    chosen = sorted(asked.chosen, key=lambda value: (value.facet, value.key))
    return replace(asked, chosen=tuple(chosen), page=1, sort=asked.default_sort)


def spelled(query: str) -> str:
    """The one spelling of a question ("q=youth&theme=dialogue"); "" where it asks for nothing, or for too much to keep."""
    found = understood(query).query_string().removeprefix("?")
    return found if len(found) <= LONGEST else ""


def label_of(query: str) -> str:
    """What the reader chose, in words, to begin with as the name of the search."""
    asked = understood(query)
    words = [f"“{asked.text}”"] if asked.text else []
    return listed([*words, *(value.label for value in asked.chosen)])[:120]
