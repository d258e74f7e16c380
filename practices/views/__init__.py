from practices.views.detail import detail
from practices.views.formats import detail_json, detail_pdf
from practices.views.library import library, library_map, suggest
from practices.views.workspace import home as workspace_home
from practices.views.writing import cities, edit, organisations, save, start, step, submitted, write

__all__ = [
    "cities",
    "detail",
    "detail_json",
    "detail_pdf",
    "edit",
    "library",
    "library_map",
    "organisations",
    "save",
    "start",
    "step",
    "submitted",
    "suggest",
    "workspace_home",
    "write",
]
