from practices.views.adapting import adaptation, adaptations, practice_adapt
from practices.views.choosing import cities, organisations
from practices.views.city import city, city_invitation, city_role_end
from practices.views.detail import detail
from practices.views.files import attachment
from practices.views.formats import detail_json, detail_pdf
from practices.views.history import practice_confirm, practice_history, practice_restore, practice_withdraw
from practices.views.library import library, library_map, suggest
from practices.views.reviewing import VERBS as REVIEW_VERBS
from practices.views.reviewing import review, review_act, review_queue, settle_comment
from practices.views.saving import save
from practices.views.starting import edit, start
from practices.views.submitting import submitted
from practices.views.translating import (
    translation,
    translation_export,
    translation_import,
    translation_worklist,
    translations,
)
from practices.views.workspace import home as workspace_home
from practices.views.writing import step, write

__all__ = [
    "REVIEW_VERBS",
    "adaptation",
    "adaptations",
    "attachment",
    "cities",
    "city",
    "city_invitation",
    "city_role_end",
    "detail",
    "detail_json",
    "detail_pdf",
    "edit",
    "library",
    "library_map",
    "organisations",
    "practice_adapt",
    "practice_confirm",
    "practice_history",
    "practice_restore",
    "practice_withdraw",
    "review",
    "review_act",
    "review_queue",
    "save",
    "settle_comment",
    "start",
    "step",
    "submitted",
    "suggest",
    "translation",
    "translation_export",
    "translation_import",
    "translation_worklist",
    "translations",
    "workspace_home",
    "write",
]
