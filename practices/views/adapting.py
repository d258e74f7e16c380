"""Adaptations: claimed from a practice's page, answered by the city it comes from."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from common import refusals
from common.languages import current_language
from networks.models import City
from networks.rules import roles_of
from practices import rules, services
from practices.forms.reviewing import AdaptationForm, AnswerForm
from practices.models import Adaptation
from practices.views.history import visible_practice
from practices.views.keeping import keeps_words
from practices.views.workspace import for_people_with_a_role

LISTED_AT_MOST = 200


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_words
def practice_adapt(request, pk):
    origin = visible_practice(request, pk)
    if not rules.may_claim_adaptation(request.user, origin):
        raise PermissionDenied
    cities = City.objects.filter(pk__in=roles_of(request.user).cities).exclude(pk=origin.city_id)
    form = AdaptationForm(
        request.POST or None,
        cities=cities,
        languages=settings.LANGUAGES,
        initial={"city": cities.first(), "source_language": current_language()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            adaptation = services.claim_adaptation(origin, actor=request.user, **form.cleaned_data)
        except ValidationError as error:
            refusals.tell(form, error)
        else:
            messages.success(request, _("Recorded. It is shown once the city it comes from has confirmed it."))
            return redirect("workspace:adaptation", adaptation.pk)
    context = {"roles": roles_of(request.user), "desk": "adaptations", "practice": origin, "form": form}
    return render(request, "workspace/practice_adapt.html", context, status=422 if request.method == "POST" else 200)


@require_safe
@for_people_with_a_role
def adaptations(request):
    """What the person's cities claimed, and what is claimed of their practices; what waits comes first."""
    found = Adaptation.objects.visible_to(request.user).select_related("origin", "city", "practice")
    found = sorted(found[:LISTED_AT_MOST], key=lambda one: one.state != Adaptation.State.CLAIMED)
    context = {"roles": roles_of(request.user), "desk": "adaptations", "adaptations": found}
    return render(request, "workspace/adaptations.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people_with_a_role
def adaptation(request, pk):
    found = Adaptation.objects.visible_to(request.user).select_related("origin__city", "city", "practice")
    found = found.filter(pk=pk).first()
    if found is None:
        raise Http404
    may_answer = rules.may_answer_adaptation(request.user, found)
    form = AnswerForm(request.POST or None)
    if request.method == "POST":
        if not may_answer:
            raise PermissionDenied
        if form.is_valid():
            answer = services.decline_adaptation if "decline" in request.POST else services.confirm_adaptation
            try:
                answer(found, actor=request.user, **form.cleaned_data)
            except ValidationError as error:
                refusals.tell(form, error)
            else:
                return redirect("workspace:adaptation", found.pk)
    context = {
        "roles": roles_of(request.user),
        "desk": "adaptations",
        "adaptation": found,
        "may_answer": may_answer,
        "form": form,
    }
    return render(request, "workspace/adaptation.html", context, status=422 if request.method == "POST" else 200)
