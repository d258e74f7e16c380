"""The workspace: where practices are written, reviewed and translated. All of it needs a signed-in person with a role."""

from django.urls import path, register_converter

from practices import views
from practices.forms import STEPS


class StepConverter:
    """A step of writing; other words below a practice are other pages."""

    regex = "|".join(STEPS)

    def to_python(self, value):
        return value

    def to_url(self, value):
        return value


register_converter(StepConverter, "step")

app_name = "workspace"

urlpatterns = [
    path("", views.workspace_home, name="home"),
    path("start/", views.start, name="start"),
    path("choices/cities/", views.cities, name="cities"),
    path("choices/organisations/", views.organisations, name="organisations"),
    path("practices/<int:pk>/", views.write, name="write"),
    path("practices/<int:pk>/edit/", views.edit, name="edit"),
    path("practices/<int:pk>/save/", views.save, name="save"),
    path("practices/<int:pk>/submitted/", views.submitted, name="submitted"),
    path("practices/<int:pk>/<step:step>/", views.step, name="step"),
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
