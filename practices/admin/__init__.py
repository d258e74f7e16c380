from practices.admin.imports import ImportJobAdmin
from practices.admin.practices import PracticeAdmin
from practices.admin.revisions import RevisionAdmin

__all__ = ["ImportJobAdmin", "PracticeAdmin", "RevisionAdmin"]
