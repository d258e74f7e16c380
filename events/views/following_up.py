"""Decisions, action items and outcomes of an event, and the page on which cities say what they have done."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from common.languages import current_language
from events.action_desk import actions_of
from events.forms.minutes import ActionForm, DecisionForm, outcome_form
from events.models import ActionItem, Decision, Outcome, member_cities
from events.services.following_up import drop, keep, mark_done
from events.views.planning import desk_context, for_who_runs_the_event
from networks.rules import roles_of, speaks_for_city
from practices.views.workspace import for_people_with_a_role

KINDS = {"decision": Decision, "action": ActionItem, "outcome": Outcome}


def _form(event, kind, data=None, record=None):
    if kind not in KINDS:
        raise Http404
    values = {"instance": record, "event": event, "prefix": f"{kind}-{record.pk}" if record else kind}
    if kind == "decision":
        return DecisionForm(data, **values)
    if kind == "action":
        return ActionForm(data, cities=member_cities(event), language=current_language(), **values)
    return outcome_form(event.source_language)(data, **values)


def _record(event, kind, pk):
    if kind not in KINDS:
        raise Http404
    return get_object_or_404(KINDS[kind], event=event, pk=pk)


@require_safe
@for_who_runs_the_event
def follow_up(request, event):
    """All three lists; `?edit=action-12` opens one entry."""
    kind, _dash, pk = request.GET.get("edit", "").partition("-")
    form = None
    if kind in KINDS and pk.isdecimal() and len(pk) < 10:
        record = _record(event, kind, int(pk))
        form = _form(event, kind, record=record)
    return _page(request, event, form)


def _page(request, event, form=None, *, status=200):
    """`form` is the one being edited, or a refused new one."""
    new = {kind: _form(event, kind) for kind in KINDS}
    if form is not None and form.instance.pk is None:
        new[form.prefix] = form
    context = desk_context(request, event, "follow-up") | {
        "decisions": event.decisions.select_related("session__event"),
        "actions": event.action_items.select_related("city", "decision"),
        "outcomes": event.outcomes.all(),
        "edited": form if form is not None and form.instance.pk else None,
        "new": new,
        "refused": form.prefix if status == 422 else "",
    }
    return render(request, "events/desk/followup.html", context, status=status)


def _to(event, kind):
    return redirect(reverse("event_desk:follow-up", args=[event.pk]) + f"#{kind}s")


@require_POST
@for_who_runs_the_event
def add(request, event, kind):
    return _store(request, event, kind, _form(event, kind, request.POST))


@require_POST
@for_who_runs_the_event
def change(request, event, kind, record):
    return _store(request, event, kind, _form(event, kind, request.POST, _record(event, kind, record)))


def _store(request, event, kind, form):
    if not form.is_valid():
        return _page(request, event, form, status=422)
    keep(form.instance, actor=request.user)
    messages.success(request, _("Saved."))
    return _to(event, kind)


@require_POST
@for_who_runs_the_event
def delete(request, event, kind, record):
    drop(_record(event, kind, record), actor=request.user)
    messages.success(request, _("Deleted."))
    return _to(event, kind)


# Cities ------------------------------------------------------------------------------------------


@require_safe
@for_people_with_a_role
def actions(request):
    """What the cities a person works for took upon themselves."""
    roles = roles_of(request.user)
    if not roles.cities:
        raise Http404
    items = list(actions_of(request.user))
    for item in items:
        item.may_mark = item.city_id in roles.focal_cities and item.state != ActionItem.State.DROPPED
    return render(request, "events/desk/actions.html", {"roles": roles, "desk": "actions", "items": items})


@require_POST
@for_people_with_a_role
def action_done(request, pk):
    """Focal points say that an item of their city is done, or with "open" that it is not."""
    item = get_object_or_404(actions_of(request.user), pk=pk)
    if not speaks_for_city(request.user, item.city):
        raise Http404
    mark_done(item, actor=request.user, done="open" not in request.POST)
    messages.success(request, _("Saved."))
    return redirect(reverse("event_desk:actions") + f"#action-{item.pk}")
