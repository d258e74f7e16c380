"""Sending a practice on its way: the last look before it, and what happens next."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from common.languages import current_language
from common.waiting import days_since, waited
from networks.rules import roles_of
from practices import desk, harm, services
from practices.conditional import versions_for
from practices.forms import STEPS, WritingForm, step_of
from practices.forms.steps import LAST, field_of
from practices.models import Revision
from practices.rules import responsible_networks
from practices.search.catalogue import catalogue
from practices.search.similar import similar_practices
from practices.views.draft import editable_practice, frame
from practices.views.workspace import for_people_with_a_role


def last_look(request, revision):
    """The last step: what is missing, what is alike, and the button that sends the practice."""
    language = revision.content.get("source_language")
    values = catalogue(current_language(), versions_for(request)[1])
    similar = similar_practices(revision.practice_id, revision.content, language, values)
    problem = ""
    if request.method == "POST":
        weight = request.POST.get("weight")
        if revision.is_pending and weight not in Revision.Weight.values:
            problem = "weight"
        elif similar and not request.POST.get("different"):
            problem = "different"
        elif not services.missing_for_submission(revision):
            _submit(revision, request.user, weight if revision.is_pending else None)
            return redirect("workspace:submitted", revision.practice_id)
    context = frame(request, revision, LAST) | {
        "missing": [_missing(revision, name) for name in services.missing_for_submission(revision)],
        "similar": similar,
        "problem": problem,
        "weights": Revision.Weight.choices if revision.is_pending else [],
        "chosen_weight": request.POST.get("weight", ""),
        "own_summary": revision.content.get(f"summary_{language}", ""),
        "risks": [harm.QUESTIONS[name] for name in harm.risks(revision.content.get("harm_checklist", {}))],
    }
    return render(request, "workspace/check.html", context, status=422 if request.method == "POST" else 200)


def _submit(revision, actor, weight):
    if weight:
        services.save_revision(revision, {}, actor=actor, seen=revision.counter, weight=weight)
    services.submit(revision, actor=actor)


def _missing(revision, name):
    """Label and address of something that is missing."""
    step = step_of(name)
    kind, _colon, rest = name.partition(":")
    sections = {"harm": "harm_checklist", "harm-mitigation": "harm_checklist", "images-consent": "images"}
    form_name = sections.get(kind, kind if rest else field_of(name))
    anchor = f"harm-{rest}" if kind.startswith("harm") and rest else f"field-{form_name}"
    return {
        "kind": kind if rest else "field",
        "label": harm.QUESTIONS[rest] if kind.startswith("harm") and rest else WritingForm.label_of(form_name),
        "step": STEPS[step][0],
        "url": f"{reverse('workspace:step', args=[revision.practice_id, step])}#{anchor}",
    }


@require_safe
@for_people_with_a_role
def submitted(request, pk):
    """What happens next with a practice that is on its way."""
    practice = editable_practice(request, pk)
    revision = practice.revisions.order_by("-pk").first()
    if revision is None:
        raise Http404
    revision.practice = practice
    if revision.is_open and revision.stage in Revision.WITH_AUTHORS:
        return redirect("workspace:write", pk)
    context = {
        "section": "workspace",
        "desk": "home",
        "roles": roles_of(request.user),
        "practice": practice,
        "revision": revision,
        "holder": desk.holder(revision, request.user) if revision.is_open else "",
        "waited": waited(days_since(revision.stage_since)),
        "steps": revision.steps.select_related("actor"),
        "has_networks": bool(responsible_networks(practice)),
    }
    return render(request, "workspace/submitted.html", context)
