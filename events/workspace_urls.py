"""Where coordinators run an event: rooms, check-in, minutes, certificates. All of it needs somebody who runs the event.

The first page is for everybody with an account: the own events.
"""

from django.urls import path

from events import views

app_name = "event_desk"

urlpatterns = [
    path("", views.mine, name="mine"),
]
