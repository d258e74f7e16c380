"""Pages of cities and networks. They show practices too, so the hub assembles them."""

from django.urls import path

from hub import views

app_name = "networks"

urlpatterns = [
    path("cities/", views.city_list, name="cities"),
    path("cities/<slug:slug>/", views.city_detail, name="city"),
    path("networks/", views.network_list, name="networks"),
    path("networks/<slug:slug>/", views.network_detail, name="network"),
]
