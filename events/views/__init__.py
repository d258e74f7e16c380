from events.views.calendars import calendar, event_file, personal
from events.views.pages import detail
from events.views.participating import confirm, manage

__all__ = ["calendar", "confirm", "detail", "event_file", "manage", "personal"]
