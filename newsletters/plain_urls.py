"""Addresses without a language: machines and mails lead here. A namespace of their own, for Django looks into one only."""

from django.urls import path

from newsletters.views import archive

app_name = "newsletters_plain"

urlpatterns = [
    path("click/<uuid:uid>/", archive.click, name="click"),
]
