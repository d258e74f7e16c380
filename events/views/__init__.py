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
    "change_details",
    "change_mode",
    "choose_sessions",
    "choose_wishes",
    "confirm",
    "decline",
    "detail",
    "make_calendar",
    "manage",
    "mine",
    "register",
    "register_sent",
    "withdraw",
]
