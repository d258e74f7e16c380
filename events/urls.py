"""Public addresses of events. They are stable: other systems link to them."""

app_name = "events"

urlpatterns = []
