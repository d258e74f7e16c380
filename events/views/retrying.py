"""When seats are locked for too long: what was sent is given back, to be sent once more."""

from functools import wraps

from django.db import OperationalError
from django.shortcuts import render

RETRY_AFTER = 5
"""Seconds."""

LOCKED = ("55P03", "40P01")
"""lock_not_available, deadlock_detected: https://www.postgresql.org/docs/current/errcodes-appendix.html"""


def is_locked(error) -> bool:
    """Whether the database only asks to try again."""
    return getattr(error.__cause__, "pgcode", "") in LOCKED


def can_be_sent_again(view):
    """Decorate a view that takes a form: where seats are locked, the answer holds all that was sent, and a button."""

    @wraps(view)
    def answer(request, *args, **kwargs):
        try:
            return view(request, *args, **kwargs)
        except OperationalError as error:
            if request.method != "POST" or not is_locked(error):
                raise
            typed = [(name, value) for name, values in request.POST.lists() for value in values]
            context = {"section": "events", "typed": [pair for pair in typed if pair[0] != "csrfmiddlewaretoken"]}
            response = render(request, "events/registration_busy.html", context, status=503)
            response["Retry-After"] = str(RETRY_AFTER)
            return response

    return answer
