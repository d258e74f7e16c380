"""Writing a practice step by step. Nothing typed is ever lost."""

import uuid

from django.conf import settings
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_http_methods, require_safe
from js_asset import Media

from accounts.limits import too_often
from common.forms import RICH_TEXT_WORDS
from practices import services
from practices.forms import WritingForm, step_of
from practices.forms.steps import LAST, field_of, next_step
from practices.views.attaching import attach_new_files
from practices.views.draft import draft_of, editable_practice, frame
from practices.views.keeping import handed_back, keeps_words, slowed_down
from practices.views.saving import store, written_by_others
from practices.views.submitting import last_look
from practices.views.workspace import for_people_with_a_role


@require_safe
@for_people_with_a_role
def write(request, pk):
    """The step in which something is missing, or the last one."""
    revision = draft_of(editable_practice(request, pk))
    if not services.may_be_saved(revision, request.user):
        return redirect("workspace:submitted", pk)
    missing = services.missing_for_submission(revision)
    return redirect("workspace:step", pk, step_of(missing[0]) if missing else LAST)


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_words
def step(request, pk, step):
    practice = editable_practice(request, pk)
    revision = draft_of(practice)
    if not services.may_be_saved(revision, request.user):
        if request.method == "POST":
            return handed_back(request, 403)
        return redirect("workspace:submitted", pk)
    if step == LAST:
        return last_look(request, revision)
    if request.method != "POST":
        return _show(request, revision, WritingForm(step, revision, request.user))
    if too_often(request, "writing_save"):
        return slowed_down(request)
    form = WritingForm(step, revision, request.user).read(request.POST)
    outcome = store(form, request.POST)
    attach_new_files(form, request)
    revision.refresh_from_db()
    conflicts = written_by_others(form, outcome.conflicts, outcome.counter)
    if form.errors or conflicts:
        return _show(request, revision, form.show(revision, conflicts), status=422)
    stays = "another" in request.POST
    return redirect("workspace:step", pk, step if stays else next_step(step))


def _show(request, revision, form, status=200):
    form.comments = {}
    for comment in revision.comments.filter(resolved_at__isnull=True).select_related("author"):
        form.comments.setdefault(field_of(comment.field), []).append(comment)
    context = frame(request, revision, form.step) | {
        "form": form,
        "rows": list(form.rows()),
        "media": Media.from_media(form.media, nonce=request.csp_nonce),
        "rich_text_words": RICH_TEXT_WORDS,
        "has_files": form.step == "files",
        "sign_in": f"{resolve_url(settings.LOGIN_URL)}?next={request.path}",
        "window": request.POST.get("window") or uuid.uuid4().hex,
        "error_rows": [(name, form.fields[name].label, errors) for name, errors in form.errors.items()],
    }
    return render(request, "workspace/step.html", context, status=status)
