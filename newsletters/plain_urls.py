"""Addresses without a language, which programs use; one namespace cannot stand on both sides of the prefix."""

from django.urls import path

from newsletters import views
from newsletters.views import archive

app_name = "newsletters_plain"

urlpatterns = [
    path("one-click/<str:key>/", views.one_click, name="one-click"),
    path("click/<uuid:uid>/", archive.click, name="click"),
]
