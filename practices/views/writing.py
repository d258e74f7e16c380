"""Writing a practice: beginning, the steps, autosave, and sending it on its way. Nothing typed is ever lost."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from js_asset import Media

from accounts.limits import seconds_to_wait, too_often, wait_in_words
from common.forms import RICH_TEXT_WORDS
from common.guessing import guessed_language
from common.languages import current_language, name_in
from common.text import clean_line
from common.waiting import days_since, waited
from networks.rules import roles_of
from practices import desk, harm, services
from practices.conditional import versions_for
from practices.content import digest
from practices.forms import STEPS, StartForm, WritingForm, step_of
from practices.forms.names import Cities, Organisations
from practices.forms.steps import LAST, field_of, next_step
from practices.models import Practice, Revision
from practices.rules import responsible_networks
from practices.search.catalogue import catalogue
from practices.search.similar import similar_practices
from practices.views.keeping import forgery, handed_back, keeps_words, slowed_down
from practices.views.workspace import for_people_with_a_role

MAX_BODY = 512 * 1024
"""Of an autosave: the longest step in the widest script takes a tenth of it."""

ATTACHING = {"images": ("alt_text", "caption"), "documents": ("title",)}


# Beginning


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_words
def start(request):
    form = StartForm(request.POST or None, actor=request.user, initial={"source_language": request.user.language})
    guessed = ""
    status = 200
    if request.method == "POST" and "guess" in request.POST:
        guessed = guessed_language(request.POST.get("sample", ""))
        asked = request.POST.copy()
        if guessed:
            asked["source_language"] = guessed
        form = StartForm(initial=asked.dict() | {"networks": asked.getlist("networks")}, actor=request.user)
    elif request.method == "POST":
        if form.is_valid():
            if too_often(request, "writing_start"):
                return slowed_down(request)
            return redirect("workspace:step", _begin(form, request.user), "start")
        status = 422
    context = {
        "section": "workspace",
        "desk": "home",
        "roles": roles_of(request.user),
        "form": form,
        "guessed": guessed,
        "guessed_name": name_in(guessed, current_language()) if guessed else "",
        "has_guessed": "guess" in request.POST,
    }
    return render(request, "workspace/start.html", context, status=status)


def _begin(form, actor):
    """Start the practice and put the pasted text into it; returns its number."""
    city = form.only_city or form.cleaned_data["city"]
    language = form.cleaned_data["source_language"]
    if "networks" in form.cleaned_data:
        networks = [network.pk for network in form.cleaned_data["networks"]]
    else:
        members = set(city.memberships.active().values_list("network", flat=True))
        held = members & roles_of(actor).networks
        networks = sorted(held or (members if len(members) == 1 else ()))
    revision = services.start_practice(actor=actor, city=city, source_language=language, network_ids=networks)
    if form.cleaned_data["sample"]:
        text = {f"description_{language}": form.cleaned_data["sample"]}
        services.save_revision(revision, text, actor=actor, seen=revision.counter)
    return revision.practice_id


@require_POST
@for_people_with_a_role
def edit(request, pk):
    """Open a revision of a practice that is published, or go on with the one there is."""
    practice = _practice(request, pk)
    services.open_revision(practice, actor=request.user)
    return redirect("workspace:step", pk, "story")


@require_safe
@for_people_with_a_role
def write(request, pk):
    """The step in which something is missing, or the last one."""
    revision = _revision(_practice(request, pk))
    if not services.may_be_saved(revision, request.user):
        return redirect("workspace:submitted", pk)
    missing = services.missing_for_submission(revision)
    return redirect("workspace:step", pk, step_of(missing[0]) if missing else LAST)


# The steps


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_words
def step(request, pk, step):
    practice = _practice(request, pk)
    revision = _revision(practice)
    if not services.may_be_saved(revision, request.user):
        if request.method == "POST":
            return handed_back(request, 403)
        return redirect("workspace:submitted", pk)
    if step == LAST:
        return _check(request, revision)
    if request.method != "POST":
        return _show(request, revision, WritingForm(step, revision, request.user))
    if too_often(request, "writing_save"):
        return slowed_down(request)
    form = WritingForm(step, revision, request.user).read(request.POST)
    outcome = _store(form, request.POST)
    _attach(form, request)
    revision.refresh_from_db()
    conflicts = _told(form, outcome.conflicts, outcome.counter)
    if form.errors or conflicts:
        return _show(request, revision, form.show(revision, conflicts), status=422)
    stays = "another" in request.POST
    return redirect("workspace:step", pk, step if stays else next_step(step))


def _practice(request, pk):
    practice = Practice.objects.editable_by(request.user).select_related("city").filter(pk=pk).first()
    if practice is None:
        raise Http404
    return practice


def _revision(practice):
    revision = practice.revisions.open().first()
    if revision is None:
        raise Http404
    revision.practice = practice
    return revision


def _store(form, data):
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


def _told(form, found, counter):
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


def _attach(form, request):
    for name in set(ATTACHING) & set(form.fields):
        upload = request.FILES.get(f"{name}-new-file")
        if upload is None:
            continue
        if too_often(request, "writing_upload"):
            told = _("Too many files in a short time. Please wait %(wait)s and add it again.")
            form.refuse(name, ValidationError(told % {"wait": wait_in_words(request)}))
            continue
        field = form.fields[name]
        texts = field.widget.texts(request.POST, f"{name}-new-")
        try:
            services.attach(form.revision, name, upload, field.in_columns(texts), actor=request.user)
        except ValidationError as error:
            form.refuse(name, ValidationError([f"{clean_line(upload.name)}: {text}" for text in error.messages]))


def _show(request, revision, form, status=200):
    form.comments = {}
    for comment in revision.comments.filter(resolved_at__isnull=True).select_related("author"):
        form.comments.setdefault(field_of(comment.field), []).append(comment)
    context = _frame(request, revision, form.step) | {
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


def _frame(request, revision, current):
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


# Autosave


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def save(request, pk):
    """Autosave of a step: what a form of it would send, answered in JSON. GET gives a fresh token after signing in."""
    if not request.user.is_authenticated:
        return JsonResponse({"problem": "signed-out"}, status=401)
    practice = _practice(request, pk)
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
    revision = _revision(practice)
    if not services.may_be_saved(revision, request.user):
        return JsonResponse({"problem": "stage"}, status=403)
    if too_often(request, "writing_save"):
        return _not_now(request)
    form = WritingForm(step, revision, request.user, may_create=False).read(request.POST)
    outcome = _store(form, request.POST)
    revision.refresh_from_db()
    return JsonResponse(
        {
            "counter": outcome.counter,
            "saved": {name: form.digest_of(name) for name in _saved(form, revision)},
            "conflicts": _told(form, outcome.conflicts, outcome.counter),
            "others": _told(form, outcome.others, outcome.counter),
            "errors": {name: list(errors) for name, errors in form.errors.items()},
            "pending": form.pending,
            "completeness": services.completeness(revision),
        }
    )


def _not_now(request):
    wait = seconds_to_wait(request)
    return JsonResponse({"problem": "too-often", "wait": wait}, status=429, headers={"Retry-After": str(wait)})


def _saved(form, revision):
    """Fields that were changed and now stand as they were typed."""
    form.content = revision.content
    return [
        name
        for name in form.names
        if form.column(name) in form.changes
        and revision.content.get(form.column(name)) == form.changes[form.column(name)]
    ]


# Choices


@require_safe
@for_people_with_a_role
def organisations(request):
    return _matching(request, Organisations)


@require_safe
@for_people_with_a_role
def cities(request):
    return _matching(request, Cities(request.user))


def _matching(request, register):
    if too_often(request, "writing_lookup"):
        return _not_now(request)
    typed = clean_line(request.GET.get("q", ""))[:100]
    return JsonResponse({"names": register.matching(typed, request.user) if len(typed) >= 2 else []})


# Sending it on its way


def _check(request, revision):
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
    context = _frame(request, revision, LAST) | {
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
    practice = _practice(request, pk)
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
