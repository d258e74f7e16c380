from events.views.files import document
from events.views.pages import detail, event_list, month, series
from events.views.participating import confirm, manage

__all__ = ["confirm", "detail", "document", "event_list", "manage", "month", "series"]
