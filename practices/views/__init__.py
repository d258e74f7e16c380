from practices.views.detail import detail
from practices.views.library import library, library_map, suggest

__all__ = ["detail", "library", "library_map", "suggest"]
