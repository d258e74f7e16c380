from django.urls import path, re_path

from practices import feeds, views

app_name = "practices"

urlpatterns = [
    path("", views.library, name="list"),
    path("map/", views.library_map, name="map"),
    path("suggest/", views.suggest, name="suggest"),
    path("feed.atom", feeds.LibraryFeed(), name="feed"),
    re_path(r"^(?P<pk>[1-9][0-9]{0,8})-(?P<slug>[^/]{0,200})\.json$", views.detail_json, name="json"),
    re_path(r"^(?P<pk>[1-9][0-9]{0,8})-(?P<slug>[^/]{0,200})\.pdf$", views.detail_pdf, name="pdf"),
    re_path(r"^(?P<pk>[1-9][0-9]{0,8})(?:-(?P<slug>[^/]{0,200}))?/$", views.detail, name="detail"),
]
