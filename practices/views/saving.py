"""What is typed in a step is saved: when it is sent, and by itself while somebody writes."""

from django.core.exceptions import ValidationError
from django.http import JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.limits import too_often
from practices import services
from practices.content import digest
from practices.forms import STEPS, WritingForm
from practices.forms.steps import field_of
from practices.views.draft import draft_of, editable_practice
from practices.views.keeping import forgery, not_now

MAX_BODY = 512 * 1024
"""Of an autosave: the longest step in the widest script takes a tenth of it."""


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def save(request, pk):
    """Autosave of a step: what a form of it would send, answered in JSON. GET gives a fresh token after signing in."""
    if not request.user.is_authenticated:
        return JsonResponse({"problem": "signed-out"}, status=401)
    practice = editable_practice(request, pk)
    if request.method == "GET":
        return JsonResponse({"token": get_token(request), "user": request.user.pk})
    length = request.headers.get("Content-Length") or "0"
    if not length.isdigit() or int(length) > MAX_BODY:
        return JsonResponse({"problem": "too-large"}, status=413)
    if forgery(request):
        return JsonResponse({"problem": "token"}, status=403)
    step = request.POST.get("step")
    if step not in STEPS:
        return JsonResponse({"problem": "step"}, status=400)
    revision = draft_of(practice)
    if not services.may_be_saved(revision, request.user):
        return JsonResponse({"problem": "stage"}, status=403)
    if too_often(request, "writing_save"):
        return not_now(request)
    form = WritingForm(step, revision, request.user, may_create=False).read(request.POST)
    outcome = store(form, request.POST)
    revision.refresh_from_db()
    return JsonResponse(
        {
            "counter": outcome.counter,
            "saved": {name: form.digest_of(name) for name in _saved(form, revision)},
            "conflicts": written_by_others(form, outcome.conflicts, outcome.counter),
            "others": written_by_others(form, outcome.others, outcome.counter),
            "errors": {name: list(errors) for name, errors in form.errors.items()},
            "pending": form.pending,
            "completeness": services.completeness(revision),
        }
    )


def store(form, data):
    """Save what can be saved; what cannot is told next to its field and kept as typed."""
    seen = data.get("seen", "")
    seen = int(seen[:9]) if seen.isascii() and seen.isdigit() else 0
    while True:
        try:
            return services.save_revision(
                form.revision,
                form.changes,
                actor=form.actor,
                seen=seen,
                seen_of=form.seen_of,
                window=data.get("window", "")[:40],
            )
        except ValidationError as error:
            refused = [column for column in getattr(error, "error_dict", {}) if column in form.changes]
            if not refused:
                # Told of the one field, caused by the other of the same step.
                refused = list(form.changes)
            for column in refused:
                messages = error.error_dict.get(column, [error]) if hasattr(error, "error_dict") else [error]
                form.refuse(field_of(column), ValidationError(messages))
                del form.changes[column]


def written_by_others(form, found, counter):
    """{field: what somebody else wrote} of the fields of the step, as people and as inputs read it."""
    told = {}
    for column, entry in found.items():
        name = field_of(column)
        if name in form.fields and form.column(name) == column:
            told[name] = {
                "by": entry["by"],
                "text": form.told(name, entry["theirs"]),
                "inputs": form.inputs(name, entry["theirs"]),
                "counter": counter,
                "was": digest(entry["theirs"]),
            }
    return told


def _saved(form, revision):
    """Fields that were changed and now stand as they were typed."""
    form.content = revision.content
    return [
        name
        for name in form.names
        if form.column(name) in form.changes
        and revision.content.get(form.column(name)) == form.changes[form.column(name)]
    ]
