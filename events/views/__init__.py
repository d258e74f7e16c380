from events.views.pages import detail
from events.views.participating import confirm, manage

__all__ = ["confirm", "detail", "manage"]
