from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = _("Events")

    def ready(self):
        from common import waiting
        from events.waiting import kept_by_coordinators

        waiting.register(kept_by_coordinators)
