from practices.models.attachments import PracticeDocument, PracticeImage, PracticeLink
from practices.models.imports import ImportJob
from practices.models.library import (
    FacetBits,
    FacetDocument,
    LexiconEntry,
    LibraryVersion,
    MatchDocument,
    SearchDocument,
)
from practices.models.practice import Practice, PracticeTheme

__all__ = [
    "FacetBits",
    "FacetDocument",
    "ImportJob",
    "LexiconEntry",
    "LibraryVersion",
    "MatchDocument",
    "Practice",
    "PracticeDocument",
    "PracticeImage",
    "PracticeLink",
    "PracticeTheme",
    "SearchDocument",
]
