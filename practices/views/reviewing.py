"""The review desk, and a revision's page where it is judged and decided."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from common import refusals
from common.languages import current_language, site_languages
from common.waiting import days_since
from networks.rules import roles_of
from practices import rules, services
from practices.comparing import Names, differences, entries, label_of
from practices.content import changed_fields, read_content
from practices.discussion import comments_by_field
from practices.forms.reviewing import AssignForm, CommentForm, NoteForm, OptionalNoteForm, RejectForm, ReviewForm
from practices.listing import page_links
from practices.models import PracticeVersion, ReviewComment, Revision
from practices.review_desk import (
    STAGES,
    DeskRequest,
    age_of,
    assigned_rows,
    counts_by_network,
    queue_page,
    reviewer_load,
)
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version
from practices.views.keeping import keeps_words
from practices.views.workspace import for_people_with_a_role


@require_safe
@for_people_with_a_role
def review_queue(request):
    roles = roles_of(request.user)
    if not (roles.keeps_networks or roles.reviews):
        raise PermissionDenied
    values = catalogue(current_language(), library_version()[1])
    context = {
        "roles": roles,
        "desk": "review",
        "mine": assigned_rows(request.user, values),
    }
    if roles.keeps_networks:
        by_network = counts_by_network(request.user)
        asked = DeskRequest.parse(request.GET, [network for network, _count in by_network], values)
        page = queue_page(asked, request.user, values)
        context |= {
            "asked": asked,
            "page": page,
            "by_network": by_network,
            "load": reviewer_load(request.user),
            "stages": [Revision.Stage(stage) for stage in STAGES],
            "themes": sorted(values.of_facet("theme"), key=lambda value: value.label),
            "languages": site_languages(),
            **page_links(page, reverse("workspace:review-queue")),
        }
    return render(request, "workspace/review_queue.html", context)


@require_safe
@for_people_with_a_role
def review(request, pk):
    return render_review(request, visible_revision(request, pk))


def visible_revision(request, pk):
    revision = (
        Revision.objects.visible_to(request.user)
        .select_related("practice", "practice__city", "author")
        .filter(pk=pk)
        .first()
    )
    if revision is None:
        raise Http404
    return revision


def render_review(request, revision, bound=None, *, status=200):
    """The page; `bound` are refused forms by verb, shown with what was typed."""
    practice, user, bound = revision.practice, request.user, bound or {}
    decides, writes = rules.can_decide(user, practice), rules.can_write(user, practice)
    against, before, after = _compared(revision, request.GET.get("against", ""))
    names = Names(revision.content, *(content for content in (before, after) if content is not None))
    comments = comments_by_field(revision)
    language = revision.content.get("source_language") or practice.source_language
    shown = entries(revision.content, names, language)
    changed = differences(before, after, names, with_internal=writes) if before is not None else []
    for part in shown:
        part.comments = comments.get(part.name, [])
    named = {part.name for part in shown}
    for part in changed:
        part.comments = [] if part.name in named else comments.get(part.name, [])
    named |= {part.name for part in changed}
    waits = revision.stage in Revision.WITH_REVIEWERS
    own_city = rules.judges_own_city(user, practice)
    may_decide = decides and waits and not own_city
    age, word = age_of(days := days_since(revision.stage_since))
    context = {
        "roles": roles_of(user),
        "desk": "review",
        "revision": revision,
        "practice": practice,
        "title": revision.content.get(f"title_{language}") or str(practice),
        "language_of_record": language,
        "entries": shown,
        "differences": changed,
        "against": against,
        "has_comparison": before is not None,
        "general_comments": comments.get("", []),
        "other_comments": [
            (label_of(name), remarks) for name, remarks in comments.items() if name and name not in named
        ],
        "checklist": _checklist(revision, names) if decides else [],
        "needs_release": rules.needs_release(revision),
        "reviews": revision.reviews.select_related("reviewer"),
        "steps": revision.steps.select_related("actor"),
        "may_decide": may_decide,
        "may_request_changes": waits and not own_city and (decides or rules.may_review(user, revision)),
        "may_review": rules.may_review(user, revision),
        "waits_for_release": decides and revision.stage == Revision.Stage.APPROVED,
        "may_release": rules.may_release(user, revision),
        "may_discard": writes and revision.is_open,
        "may_comment": revision.is_open and (writes or rules.may_review(user, revision)),
        "may_settle": writes,
        "days": days,
        "age": age,
        "age_word": word,
        # Names for templates, which know no hyphens.
        "forms": {verb.replace("-", "_"): form for verb, form in (_forms(revision, may_decide) | bound).items()},
    }
    return render(request, "workspace/review.html", context, status=status)


def _forms(revision, may_decide):
    """Empty forms by verb; possible reviewers are sought for those alone who may ask one."""
    people = services.possible_reviewers(revision) if may_decide else []
    return {
        "assign": AssignForm(people=people, prefix="assign"),
        "approve": OptionalNoteForm(prefix="approve"),
        "request-changes": NoteForm(prefix="request-changes"),
        "reject": RejectForm(prefix="reject"),
        "release": OptionalNoteForm(prefix="release"),
        "discard": OptionalNoteForm(prefix="discard"),
        "finish": ReviewForm(prefix="finish"),
        "comment": CommentForm(),
    }


def _compared(revision, wanted):
    """(what with, content before, content after); contents are None where there is nothing to compare with."""
    submissions = revision.versions.filter(cause=PracticeVersion.Cause.SUBMITTED).order_by("-number")
    earlier = next((version for version in submissions if version.content != revision.content), None)
    default = "submitted" if earlier and revision.stage in ("resubmitted", "in-review") else "live"
    wanted = wanted if wanted in ("live", "submitted") else default
    if earlier and (wanted == "submitted" or not revision.is_pending):
        return "submitted", earlier.content, revision.content
    if not revision.is_pending:
        return "", None, None
    live = read_content(revision.practice)
    # As publishing does it: what the revision did not touch stays as it is live.
    touched = changed_fields(revision.base, revision.content)
    return "live", live, live | {name: revision.content[name] for name in touched}


def _checklist(revision, names):
    return names.items("harm_checklist", revision.content.get("harm_checklist"))


VERBS = {
    "assign": lambda revision, form, actor: services.assign_reviewer(
        revision, form.cleaned_data["reviewer"], actor=actor
    ),
    "approve": lambda revision, form, actor: services.approve(revision, actor=actor, **form.cleaned_data),
    "request-changes": lambda revision, form, actor: services.request_changes(
        revision, actor=actor, **form.cleaned_data
    ),
    "reject": lambda revision, form, actor: services.reject(revision, actor=actor, **form.cleaned_data),
    "release": lambda revision, form, actor: services.release_harm(revision, actor=actor, **form.cleaned_data),
    "discard": lambda revision, form, actor: services.discard(revision, actor=actor, **form.cleaned_data),
    "comment": lambda revision, form, actor: services.comment(revision, actor=actor, **form.cleaned_data),
    "finish": lambda revision, form, actor: services.finish_review(
        revision,
        actor=actor,
        scores=form.scores,
        verdict=form.cleaned_data["verdict"],
        summary=form.cleaned_data["summary"],
    ),
}
"""What can be done with a revision, by the last part of the address."""

ALLOWED = {
    "assign": rules.can_decide,
    "approve": rules.can_decide,
    "reject": rules.can_decide,
    "release": rules.can_decide,
    "discard": rules.can_write,
}
"""Who may at all: others are refused before their form is looked at. The services decide again."""


@require_POST
@keeps_words
def review_act(request, pk, verb):
    revision = visible_revision(request, pk)
    allowed = ALLOWED.get(verb)
    if allowed and not allowed(request.user, revision.practice):
        raise PermissionDenied
    form = _bound_form(request, revision, verb)
    if form.is_valid():
        try:
            VERBS[verb](revision, form, request.user)
        except ValidationError as error:
            refusals.tell(form, error)
        else:
            return redirect(_afterwards(request, revision, form, verb))
    return render_review(request, revision, {verb: form}, status=422)


def _bound_form(request, revision, verb):
    if verb == "assign":
        return AssignForm(request.POST, people=services.possible_reviewers(revision), prefix="assign")
    form_class = type(_forms(revision, False)[verb])
    return form_class(request.POST, prefix=None if verb == "comment" else verb)


def _afterwards(request, revision, form, verb):
    page = reverse("workspace:review", args=[revision.pk])
    if verb == "comment":
        return f"{page}#field-{form.cleaned_data['field'] or 'all'}"
    # Judged, or given back: the page may be closed to who did it.
    return (
        page
        if Revision.objects.visible_to(request.user).filter(pk=revision.pk).exists()
        else reverse("workspace:review-queue")
    )


@require_POST
@for_people_with_a_role
def settle_comment(request, pk):
    remark = (
        ReviewComment.objects.filter(revision__in=Revision.objects.visible_to(request.user).order_by())
        .select_related("revision__practice")
        .filter(pk=pk)
        .first()
    )
    if remark is None:
        raise Http404
    services.settle_comment(remark, actor=request.user)
    return redirect(f"{reverse('workspace:review', args=[remark.revision_id])}#field-{remark.field or 'all'}")
