from events.views.calendars import calendar, event_file, personal
from events.views.mine import mine
from events.views.pages import detail
from events.views.participating import (
    accept,
    change_details,
    change_mode,
    choose_sessions,
    choose_wishes,
    confirm,
    decline,
    make_calendar,
    manage,
    withdraw,
)
from events.views.registering import register, register_sent

__all__ = [
    "accept",
    "calendar",
    "change_details",
    "change_mode",
    "choose_sessions",
    "choose_wishes",
    "confirm",
    "decline",
    "detail",
    "event_file",
    "make_calendar",
    "manage",
    "mine",
    "personal",
    "register",
    "register_sent",
    "withdraw",
]
