"""Public addresses of events. They are stable: other systems link to them."""

from django.urls import path

from events import views
from events.views.report import report

app_name = "events"

urlpatterns = [
    path("<int:pk>-<str:slug>/", views.detail, name="detail"),
    path("<int:pk>-<str:slug>/report.pdf", report, name="report"),
    path("registration/<uuid:uid>/<str:token>/confirm/", views.confirm, name="confirm"),
    path("registration/<uuid:uid>/<str:token>/", views.manage, name="manage"),
]
