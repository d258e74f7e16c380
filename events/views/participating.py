"""The pages of a participant: whoever has the mailed link. GET shows, POST acts: mail gateways follow links."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from events.models import Registration
from events.services.registering import confirm_address
from events.tokens import is_token_of


def registration_of(uid, token):
    registration = get_object_or_404(Registration.objects.select_related("event"), uid=uid)
    if not is_token_of(registration, token):
        raise Http404
    return registration


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request, uid, token):
    registration = registration_of(uid, token)
    if request.method == "POST":
        confirm_address(registration)
        return redirect("events:manage", uid, token)
    return render(request, "events/registration_confirm.html", {"registration": registration})


@never_cache
@require_safe
def manage(request, uid, token):
    return render(request, "events/registration.html", {"registration": registration_of(uid, token)})
