from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = _("Events")

    def ready(self):
        from common import waiting
        from events.action_desk import waiting_for_cities

        waiting.register(waiting_for_cities)
