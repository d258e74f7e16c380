"""The draft that the pages of writing are about, and what they all show around it."""

from django.http import Http404
from django.urls import reverse

from networks.rules import roles_of
from practices import services
from practices.forms import STEPS, step_of
from practices.models import Practice


def editable_practice(request, pk):
    practice = Practice.objects.editable_by(request.user).select_related("city").filter(pk=pk).first()
    if practice is None:
        raise Http404
    return practice


def draft_of(practice):
    """The revision that is open; 404 where there is none."""
    revision = practice.revisions.open().first()
    if revision is None:
        raise Http404
    revision.practice = practice
    return revision


def frame(request, revision, current):
    """What a page of writing shows whatever its step: the path of all steps, and where on it `current` stands."""
    missing = {step_of(name) for name in services.missing_for_submission(revision)}
    path = [
        {
            "key": key,
            "label": label,
            "url": reverse("workspace:step", args=[revision.practice_id, key]),
            "is_current": key == current,
            "is_lacking": key in missing,
        }
        for key, (label, _fields) in STEPS.items()
    ]
    number = list(STEPS).index(current) + 1
    return {
        "section": "workspace",
        "desk": "home",
        "roles": roles_of(request.user),
        "practice": revision.practice,
        "revision": revision,
        "title": revision.content.get(f"title_{revision.content.get('source_language')}") or "",
        "source_language": revision.content.get("source_language"),
        "path": path,
        "step": path[number - 1],
        "number": number,
        "count": len(path),
        "back": path[number - 2]["url"] if number > 1 else "",
        "percent": services.completeness(revision),
    }
