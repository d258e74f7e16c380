from events.admin.events import EventAdmin, EventSeriesAdmin
from events.admin.programme import (
    DocumentAdmin,
    EventPracticeAdmin,
    GroupAdmin,
    OutcomeAdmin,
    RecordingAdmin,
    RoomAdmin,
    SessionAdmin,
    SpeakerAdmin,
)
from events.admin.registrations import RegistrationAdmin
from events.admin.seats import NominationAdmin, SeatPoolAdmin

__all__ = [
    "DocumentAdmin",
    "EventAdmin",
    "EventPracticeAdmin",
    "EventSeriesAdmin",
    "GroupAdmin",
    "NominationAdmin",
    "OutcomeAdmin",
    "RecordingAdmin",
    "RegistrationAdmin",
    "RoomAdmin",
    "SeatPoolAdmin",
    "SessionAdmin",
    "SpeakerAdmin",
]
