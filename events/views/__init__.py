from events.views.calendars import calendar, event_file, personal
from events.views.files import document
from events.views.mine import mine, my_calendar
from events.views.pages import detail, event_list, month, series
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
    new_calendar,
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
    "document",
    "event_file",
    "event_list",
    "make_calendar",
    "manage",
    "mine",
    "month",
    "my_calendar",
    "new_calendar",
    "personal",
    "register",
    "register_sent",
    "series",
    "withdraw",
]
