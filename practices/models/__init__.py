from practices.models.attachments import PracticeDocument, PracticeImage, PracticeLink
from practices.models.imports import ImportJob
from practices.models.library import FacetBits, FacetDocument, LexiconEntry, LibraryVersion, SearchDocument
from practices.models.practice import Practice, PracticeTheme

__all__ = [
    "FacetBits",
    "FacetDocument",
    "ImportJob",
    "LexiconEntry",
    "LibraryVersion",
    "Practice",
    "PracticeDocument",
    "PracticeImage",
    "PracticeLink",
    "PracticeTheme",
    "SearchDocument",
]
