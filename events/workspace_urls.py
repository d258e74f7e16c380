"""Where coordinators run an event: rooms, check-in, minutes, certificates. All of it needs somebody who runs the event."""

app_name = "event_desk"

urlpatterns = []
