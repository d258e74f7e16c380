from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = _("Events")

    def ready(self):
        from accounts import personal_data as registry
        from common import waiting
        from events import mine, observers, personal_data
        from events.action_desk import waiting_for_cities
        from events.services import forgetting
        from events.waiting import kept_by_coordinators

        registry.register("events", collect=personal_data.collect, erase=forgetting.erase_account)
        waiting.register(mine.asked)
        waiting.register(waiting_for_cities)
        waiting.register(kept_by_coordinators)
        observers.connect()
