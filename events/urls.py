"""Public addresses of events. They are stable: other systems link to them."""

from django.urls import path

from events import views
from events.views import polling

app_name = "events"

urlpatterns = [
    path("<int:pk>-<str:slug>/", views.detail, name="detail"),
    path("registration/<uuid:uid>/<str:token>/confirm/", views.confirm, name="confirm"),
    path("registration/<uuid:uid>/<str:token>/", views.manage, name="manage"),
    path("registration/<uuid:uid>/<str:token>/poll/", polling.poll, name="poll"),
    path("registration/<uuid:uid>/<str:token>/reconfirm/", polling.reconfirm, name="reconfirm"),
]
