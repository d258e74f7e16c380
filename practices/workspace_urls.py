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
]
