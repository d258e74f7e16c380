"""Certificates: issued and revoked at the desk, downloaded by participants, checked by anybody."""

import hashlib

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views import token_page
from common.uploads import check_size
from events.documents import certificate_pdf
from events.forms.afterwards import RevokeForm
from events.models import Certificate
from events.services.attending import settle_attendance
from events.services.certifying import (
    certificate_of,
    in_hours,
    issue,
    issue_all,
    minutes_by_registration,
    revoke,
    stored_file,
    why_not,
)
from events.views.participating import registration_of
from events.views.running import desk_context, for_who_runs_the_event

MAX_BYTES = 5 * 1024 * 1024


@require_safe
@for_who_runs_the_event
def certificates(request, event):
    return _page(request, event)


def _page(request, event, bound=None, status=200):
    """Everybody who had a place, with hours and certificate; `bound` is (certificate, refused form)."""
    minutes = minutes_by_registration(event)
    valid, revoked = {}, {}
    for one in Certificate.objects.filter(registration__event=event).order_by("pk"):
        (valid if one.revoked_at is None else revoked)[one.registration_id] = one
        one.form = bound[1] if bound and bound[0].pk == one.pk else RevokeForm(prefix=f"certificate-{one.pk}")
    rows = []
    for registration in event.registrations.taking_part().order_by("name", "pk"):
        registration.event = event
        attended = minutes.get(registration.pk, 0)
        rows.append(
            {
                "registration": registration,
                "hours": in_hours(attended),
                "certificate": valid.get(registration.pk),
                "revoked": revoked.get(registration.pk),
                "why_not": why_not(registration, attended),
            }
        )
    context = desk_context(request, event, "certificates") | {
        "rows": rows,
        "waiting": sum(1 for row in rows if not row["certificate"] and not row["why_not"]),
    }
    return render(request, "events/desk/certificates.html", context, status=status)


@require_POST
@for_who_runs_the_event
def issue_certificates(request, event):
    """For everybody who is entitled or, with a `registration`, for one of them."""
    try:
        if request.POST.get("registration", "").isdecimal():
            registration = get_object_or_404(event.registrations, pk=request.POST["registration"])
            issued = [issue(registration, actor=request.user, printed=certificate_pdf)]
        else:
            settle_attendance(event, actor=request.user)
            issued = issue_all(event, actor=request.user, printed=certificate_pdf)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("event_desk:certificates", event.pk)
    text = ngettext("%(count)s certificate is issued.", "%(count)s certificates are issued.", len(issued))
    messages.success(request, text % {"count": len(issued)})
    return redirect("event_desk:certificates", event.pk)


@require_POST
@for_who_runs_the_event
def revoke_certificate(request, event, certificate):
    certificate = get_object_or_404(Certificate, registration__event=event, pk=certificate)
    form = RevokeForm(request.POST, prefix=f"certificate-{certificate.pk}")
    if not form.is_valid():
        return _page(request, event, (certificate, form), status=422)
    revoke(certificate, actor=request.user, reason=form.cleaned_data["reason"])
    return redirect("event_desk:certificates", event.pk)


@require_safe
@for_who_runs_the_event
def certificate_file(request, event, certificate):
    return _file(get_object_or_404(Certificate, registration__event=event, pk=certificate))


def _file(certificate):
    try:
        content = stored_file(certificate)
    except FileNotFoundError as error:
        raise Http404 from error
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="certificate-{certificate.number}.pdf"'
    return response


# Participants ------------------------------------------------------------------------------------


def _own_certificate(uid, token):
    certificate = registration_of(uid, token).certificates.filter(revoked_at=None).first()
    if certificate is None:
        raise Http404
    return certificate


@token_page
@require_safe
def registration_certificate(request, uid, token):
    """The page that the mail leads to; GET of the file is a link on it."""
    certificate = _own_certificate(uid, token)
    context = {"certificate": certificate, "event": certificate.registration.event, "uid": uid, "token": token}
    return render(request, "events/registration_certificate.html", context)


@token_page
@require_safe
def registration_certificate_file(request, uid, token):
    return _file(_own_certificate(uid, token))


# Anybody -----------------------------------------------------------------------------------------


@token_page
@require_http_methods(["GET", "HEAD", "POST"])
def certificate_check(request, code):
    """Valid, revoked or unknown. Whoever has the code has it from the document, which shows the name: so does this page.

    The name is what an inspector compares; without it, a true code would vouch for a forged name. The code is random,
    and the page of a revoked certificate shows no name. A POST compares a file, and stores nothing.
    """
    certificate = certificate_of(code)
    context = {"certificate": certificate, "event": certificate.registration.event if certificate else None}
    if request.method == "POST" and certificate:
        context |= _compared(certificate, request.FILES.get("file"))
    status = context.get("status", 200 if certificate else 404)
    response = render(request, "events/certificate_check.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response


def _compared(certificate, file):
    if file is None:
        return {"status": 422, "problem": _("Choose the file first.")}
    try:
        check_size(file, MAX_BYTES)
    except ValidationError as error:
        return {"status": 422, "problem": " ".join(error.messages)}
    return {"is_same": hashlib.sha256(file.read()).hexdigest() == certificate.file_hash}
