from events.views.participating import confirm, manage

__all__ = ["confirm", "manage"]
