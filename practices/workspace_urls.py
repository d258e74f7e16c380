"""The workspace: where practices are written, reviewed and translated. All of it needs a signed-in person with a role."""

from django.urls import path

from practices import views

app_name = "workspace"

urlpatterns = [
    path("", views.workspace_home, name="home"),
    path("translations/", views.translations, name="translations"),
    path("translations/work/<str:language>/", views.translation_worklist, name="translation-worklist"),
    path("translations/export/", views.translation_export, name="translation-export"),
    path("translations/import/", views.translation_import, name="translation-import"),
    path("translations/<int:pk>/<str:language>/", views.translation, name="translation"),
]
