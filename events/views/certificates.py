"""Certificates: issued and revoked at the desk, downloaded by participants, checked by anybody."""

import hashlib

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views import token_page
from common.uploads import check_size
from events.documents import certificate_pdf
from events.finding import matching
from events.forms.afterwards import RevokeForm
from events.models import Certificate, CertificateRun
from events.services.certifying import (
    certificate_of,
    in_hours,
    issue,
    lacking,
    minutes_by_registration,
    revoke,
    stored_file,
    why_not,
)
from events.services.certifying_all import ask_for_all, issued_by
from events.views.participating import registration_of
from events.views.running import asked_for, desk_context, for_who_runs_the_event, pages_of

MAX_BYTES = 5 * 1024 * 1024
PER_PAGE = 50
MOST_REFUSED = 20


@require_safe
@for_who_runs_the_event
def certificates(request, event):
    return _page(request, event)


def _page(request, event, bound=None, status=200):
    """Everybody who had a place, with hours and certificate; `bound` is (certificate, refused form)."""
    asked = asked_for(request)
    people = matching(event.registrations.taking_part(), asked).order_by("name", "pk")
    if bound:
        people = people.filter(pk=bound[0].registration_id)
    page = Paginator(people, PER_PAGE).get_page(request.GET.get("page"))
    context = desk_context(request, event, "certificates") | {
        "rows": _rows(event, list(page), bound),
        "page": page,
        "pages": pages_of(page, asked),
        "asked": asked,
        "waiting": len(lacking(event)),
        "issuing": _issuing(event),
    }
    return render(request, "events/desk/certificates.html", context, status=status)


def _rows(event, registrations, bound):
    minutes = minutes_by_registration(event, [one.pk for one in registrations])
    valid, revoked = {}, {}
    for one in Certificate.objects.filter(registration__in=registrations).order_by("pk"):
        (valid if one.revoked_at is None else revoked)[one.registration_id] = one
        one.form = bound[1] if bound and bound[0].pk == one.pk else RevokeForm(prefix=f"certificate-{one.pk}")
    for registration in registrations:
        registration.event = event
        attended = minutes.get(registration.pk, 0)
        yield {
            "registration": registration,
            "hours": in_hours(attended),
            "certificate": valid.get(registration.pk),
            "revoked": revoked.get(registration.pk),
            "why_not": why_not(registration, attended),
        }


@require_safe
@for_who_runs_the_event
def issuing_progress(request, event):
    """How far the worker is, asked for by the page every few seconds; when it is done the page shows itself anew."""
    issuing = _issuing(event)
    response = render(request, "events/desk/_issuing.html", {"event": event, "issuing": issuing})
    if not (issuing and issuing["run"].is_under_way):
        response["HX-Refresh"] = "true"
    return response


def _issuing(event):
    """What the page tells of certificates that were asked for all at once, or None."""
    run = CertificateRun.objects.filter(event=event).first()
    if run is None:
        return None
    refused = event.registrations.filter(pk__in=run.refused_ids).order_by("name", "pk")
    return {"run": run, "issued": issued_by(run), "refused": refused[:MOST_REFUSED], "left": len(run.refused_ids)}


@require_POST
@for_who_runs_the_event
def issue_certificates(request, event):
    """For everybody who is entitled, by a worker, or with a `registration` for one of them at once."""
    try:
        if request.POST.get("registration", "").isdecimal():
            registration = get_object_or_404(event.registrations, pk=request.POST["registration"])
            issue(registration, actor=request.user, printed=certificate_pdf)
            messages.success(request, _("The certificate is issued."))
        else:
            ask_for_all(event, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
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
