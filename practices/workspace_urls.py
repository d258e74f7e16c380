"""The workspace: where practices are written, reviewed and translated. All of it needs a signed-in person with a role."""

from django.urls import path

from practices import views

app_name = "workspace"

urlpatterns = [
    path("", views.workspace_home, name="home"),
]
