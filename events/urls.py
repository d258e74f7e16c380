"""Public addresses of events. They are stable: other systems link to them."""

from django.urls import path, re_path

from events import views

app_name = "events"

urlpatterns = [
    path("<int:pk>-<str:slug>/", views.detail, name="detail"),
    re_path(r"^(?P<pk>[1-9][0-9]{0,8})-(?P<slug>[^/]{0,200})\.ics$", views.event_file, name="ics"),
    path("calendar.ics", views.calendar, name="calendar"),
    path("calendar/<uuid:uid>/<str:token>.ics", views.personal, name="my-calendar"),
    path("registration/<uuid:uid>/<str:token>/confirm/", views.confirm, name="confirm"),
    path("registration/<uuid:uid>/<str:token>/", views.manage, name="manage"),
]
