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
    path("review/", views.review_queue, name="review-queue"),
    path("review/<int:pk>/", views.review, name="review"),
    *(
        path(f"review/<int:pk>/{verb}/", views.review_act, {"verb": verb}, name=f"review-{verb}")
        for verb in views.REVIEW_VERBS
    ),
    path("comments/<int:pk>/settle/", views.settle_comment, name="comment-settle"),
    path("practices/<int:pk>/history/", views.practice_history, name="practice-history"),
    path("practices/<int:pk>/history/<int:number>/restore/", views.practice_restore, name="practice-restore"),
    path("practices/<int:pk>/withdraw/", views.practice_withdraw, name="practice-withdraw"),
    path("practices/<int:pk>/confirm/", views.practice_confirm, name="practice-confirm"),
    path("practices/<int:pk>/adapt/", views.practice_adapt, name="practice-adapt"),
    path("city/", views.city, name="city"),
    path("city/<slug:slug>/", views.city, name="city-of-several"),
    path("city/<slug:slug>/invitations/<int:pk>/<str:verb>/", views.city_invitation, name="city-invitation"),
    path("city/<slug:slug>/roles/<int:pk>/end/", views.city_role_end, name="city-role-end"),
    path("adaptations/", views.adaptations, name="adaptations"),
    path("adaptations/<int:pk>/", views.adaptation, name="adaptation"),
]
