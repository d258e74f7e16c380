"""What is kept about a participant without an account: told, downloaded and erased. GET shows, POST acts.

The link of a registration, which may have been forwarded, opens what its event holds; a link with a secret of its own,
mailed to the address itself, opens all that is held about the address.
"""

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views import token_page
from events.emails.participating import OWN_DATA, tell_of_own_data
from events.models import Certificate, Registration
from events.personal_data import of_address, of_participation, told
from events.services.forgetting import erase
from events.tokens import is_token_of
from events.views.participating import registration_of
from events.views.retrying import can_be_sent_again


def own_data_page(methods):
    """Decorate a page: the view gets the registration, its secret, and whether that opens all of the address."""

    def decorate(view):
        @methods
        @token_page
        @can_be_sent_again
        def answer(request, uid, token):
            registration, is_everything = _opened(uid, token)
            return view(request, registration, token, is_everything=is_everything)

        return answer

    return decorate


def _opened(uid, token):
    found = get_object_or_404(Registration.objects.select_related("event__city"), uid=uid)
    if found.email and is_token_of(found, token, OWN_DATA):
        return found, True
    return registration_of(uid, token), False


def _holding(registration, is_everything):
    return of_address(registration.email) if is_everything else of_participation(registration)


@own_data_page(require_safe)
def own_data(request, registration, token, *, is_everything):
    return render(request, "events/own_data.html", _context(registration, token, is_everything))


def _context(registration, token, is_everything):
    registrations = _holding(registration, is_everything).registrations
    certificates = Certificate.objects.filter(registration__in=registrations.order_by().values("pk"), revoked_at=None)
    return {
        "section": "events",
        "registration": registration,
        "event": registration.event,
        "token": token,
        "is_everything": is_everything,
        "registrations": registrations.select_related("event__city").order_by("-event__starts_at", "-pk"),
        "has_certificate": certificates.exclude(name="").exists(),
    }


@own_data_page(require_POST)
def own_data_file(request, registration, token, *, is_everything):
    response = JsonResponse(
        told(_holding(registration, is_everything)), json_dumps_params={"ensure_ascii": False, "indent": 2}
    )
    response["Content-Disposition"] = 'attachment; filename="personal-data.json"'
    return response


@own_data_page(require_POST)
def mail_own_data(request, registration, token, *, is_everything):
    """Once a day, however often it is asked for."""
    if registration.email:
        tell_of_own_data(registration, f"{timezone.localdate():%Y%m%d}")
        messages.success(request, _("The link is on its way to your mailbox."))
    return redirect("events:registration-data", registration.uid, token)


@require_http_methods(["GET", "HEAD", "POST"])
@token_page
@can_be_sent_again
def erase_own_data(request, uid, token):
    """Pressed twice, it says twice that it is done."""
    found = get_object_or_404(Registration, uid=uid)
    if request.method == "POST" and _was_opened_by(found, token):
        return render(request, "events/own_data_erased.html", {"section": "events"})
    registration, is_everything = _opened(uid, token)
    if request.method != "POST":
        return render(request, "events/own_data_erase.html", _context(registration, token, is_everything))
    erase(_holding(registration, is_everything))
    return render(request, "events/own_data_erased.html", {"section": "events"})


def _was_opened_by(registration, token):
    """Whether it is erased, and this was its secret until then."""
    if registration.email or not registration.token_version:
        return False
    before = Registration(uid=registration.uid, token_version=registration.token_version - 1)
    return is_token_of(before, token) or is_token_of(before, token, OWN_DATA)
