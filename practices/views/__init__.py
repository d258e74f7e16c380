from practices.views.detail import detail
from practices.views.formats import detail_json, detail_pdf
from practices.views.library import library, library_map, suggest
from practices.views.workspace import home as workspace_home

__all__ = ["detail", "detail_json", "detail_pdf", "library", "library_map", "suggest", "workspace_home"]
