from practices.models.adaptations import Adaptation
from practices.models.attachments import PracticeDocument, PracticeImage, PracticeLink
from practices.models.editorial import (
    EditorialStep,
    HarmRelease,
    PracticeVersion,
    RejectionReason,
    Review,
    ReviewComment,
    Revision,
)
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
from practices.models.translations import Translation

__all__ = [
    "Adaptation",
    "EditorialStep",
    "FacetBits",
    "FacetDocument",
    "HarmRelease",
    "ImportJob",
    "LexiconEntry",
    "LibraryVersion",
    "MatchDocument",
    "Practice",
    "PracticeDocument",
    "PracticeImage",
    "PracticeLink",
    "PracticeTheme",
    "PracticeVersion",
    "RejectionReason",
    "Review",
    "ReviewComment",
    "Revision",
    "SearchDocument",
    "Translation",
]
