"""Public addresses of events. They are stable: other systems link to them."""

from django.urls import path, re_path

from events import views

app_name = "events"

urlpatterns = [
    path("", views.event_list, name="list"),
    re_path(r"^month/(?P<year>[0-9]{4})-(?P<month>[0-9]{2})/$", views.month, name="month"),
    re_path(r"^series/(?P<pk>[1-9][0-9]{0,8})(?:-(?P<slug>[^/]{0,200}))?/$", views.series, name="series"),
    re_path(r"^(?P<pk>[1-9][0-9]{0,8})(?:-(?P<slug>[^/]{0,200}))?/$", views.detail, name="detail"),
    path("registration/<uuid:uid>/<str:token>/confirm/", views.confirm, name="confirm"),
    path("registration/<uuid:uid>/<str:token>/", views.manage, name="manage"),
]
