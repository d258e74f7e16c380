"""A practice's versions, its withdrawal, and the confirmation that it still holds."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from networks.rules import roles_of
from practices import rules, services
from practices.comparing import Names, differences
from practices.content import ATTACHED
from practices.forms.reviewing import WithdrawForm
from practices.models import EditorialStep, Practice
from practices.views.workspace import for_people_with_a_role


def visible_practice(request, pk):
    practice = Practice.objects.visible_to(request.user).select_related("city").filter(pk=pk).first()
    if practice is None:
        raise Http404
    return practice


def written_practice(request, pk):
    """Its history is for those who write it or decide on it."""
    practice = visible_practice(request, pk)
    if not rules.can_write(request.user, practice):
        raise PermissionDenied
    return practice


@require_safe
@for_people_with_a_role
def practice_history(request, pk):
    practice = written_practice(request, pk)
    versions = list(practice.versions.defer("content").select_related("made_by"))
    first, second = _chosen(request, versions)
    context = {
        "roles": roles_of(request.user),
        "desk": "practices",
        "practice": practice,
        "versions": versions,
        "from": first,
        "to": second,
        "steps": EditorialStep.objects.filter(revision__practice=practice).select_related("actor", "revision"),
        "may_withdraw": rules.can_decide(request.user, practice) and practice.status == Practice.Status.PUBLISHED,
    }
    if first and second and first != second:
        names = Names(first.content, second.content)
        context["differences"] = differences(first.content, second.content, names, with_internal=True)
    return render(request, "workspace/practice_history.html", context)


def _chosen(request, versions):
    """The two versions to compare; without a choice the last two."""
    by_number = {str(version.number): version for version in versions}
    newest = versions[0] if versions else None
    previous = versions[1] if len(versions) > 1 else None
    return by_number.get(request.GET.get("from"), previous), by_number.get(request.GET.get("to"), newest)


@require_POST
@for_people_with_a_role
def practice_restore(request, pk, number):
    practice = written_practice(request, pk)
    version = get_object_or_404(practice.versions.select_related("practice"), number=number)
    revision = services.restore(version, actor=request.user)
    messages.success(request, _("Version %(number)s stands in a draft now.") % {"number": number})
    if any(len(revision.content.get(name, [])) < len(version.content.get(name, [])) for name in ATTACHED):
        messages.warning(
            request, _("Pictures or documents of that version have been deleted and could not come back.")
        )
    return redirect("workspace:review", revision.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people_with_a_role
def practice_withdraw(request, pk):
    practice = visible_practice(request, pk)
    if not rules.can_decide(request.user, practice) or practice.status != Practice.Status.PUBLISHED:
        raise PermissionDenied
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.withdraw(practice, actor=request.user, note=form.cleaned_data["note"])
        messages.success(request, _("The practice is taken down."))
        return redirect("workspace:practice-history", practice.pk)
    context = {"roles": roles_of(request.user), "desk": "practices", "practice": practice, "form": form}
    return render(
        request, "workspace/practice_withdraw.html", context, status=422 if request.method == "POST" else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_people_with_a_role
def practice_confirm(request, pk):
    """GET asks, POST confirms: mail gateways follow links."""
    practice = written_practice(request, pk)
    if practice.status != Practice.Status.PUBLISHED:
        raise PermissionDenied
    if request.method == "POST":
        services.confirm(practice, actor=request.user)
        messages.success(request, _("Thank you: it is noted that the practice still holds."))
        return redirect(reverse("workspace:practice-confirm", args=[practice.pk]))
    context = {"roles": roles_of(request.user), "desk": "practices", "practice": practice}
    return render(request, "workspace/practice_confirm.html", context)
