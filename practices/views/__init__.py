from practices.views.detail import detail
from practices.views.formats import detail_json, detail_pdf
from practices.views.library import library, library_map, suggest

__all__ = ["detail", "detail_json", "detail_pdf", "library", "library_map", "suggest"]
