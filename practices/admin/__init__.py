from practices.admin.imports import ImportJobAdmin
from practices.admin.practices import PracticeAdmin

__all__ = ["ImportJobAdmin", "PracticeAdmin"]
