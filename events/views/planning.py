"""The planner of break-out groups: who sits where, moved by hand or filled by the planner. GET shows, POST acts."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from common.spreadsheets import KINDS, csv_chunks
from events.forms.planning import MoveForm
from events.rooms import board, break_out_sessions, people_table, zoom_table
from events.services.planning import clear_groups, fill_groups, place, unfix
from events.views.running import asked_for, desk_context, for_who_runs_the_event

TABLES = {"zoom": zoom_table, "people": people_table}
BYTE_ORDER_MARK = "\ufeff"


@require_safe
@for_who_runs_the_event
def planner(request, event, session=None):
    """The groups of a break-out session; without one in the address, of the first."""
    sessions = list(break_out_sessions(event))
    found = next((one for one in sessions if session in (None, one.pk)), None)
    if found is None and session is not None:
        raise Http404
    return _page(request, event, sessions, found)


def _page(request, event, sessions, session, *, problem="", status=200):
    context = desk_context(request, event, "planner") | {
        "sessions": sessions,
        "session": session,
        "board": board(session) if session else None,
        "asked": asked_for(request),
        "problem": problem,
    }
    if session:
        context["board"].show(context["asked"])
    return render(request, "events/desk/planner.html", context, status=status)


def _session(event, pk):
    return get_object_or_404(break_out_sessions(event), pk=pk)


def _to(event, session, anchor=""):
    return redirect(reverse("event_desk:planner-session", args=[event.pk, session.pk]) + anchor)


@require_POST
@for_who_runs_the_event
def fill(request, event, session):
    session = _session(event, session)
    filled = fill_groups(session, actor=request.user)
    told = ngettext("%(count)s person is in a group now.", "%(count)s people are in a group now.", filled.placed)
    messages.success(request, told % {"count": filled.placed})
    if filled.unplaced:
        told = ngettext("There is no room for %(count)s.", "There is no room for %(count)s.", filled.unplaced)
        messages.warning(request, told % {"count": filled.unplaced})
    return _to(event, session)


@require_POST
@for_who_runs_the_event
def clear(request, event, session):
    session = _session(event, session)
    removed = clear_groups(session, actor=request.user)
    told = ngettext("%(count)s person was taken out.", "%(count)s people were taken out.", removed)
    messages.success(request, told % {"count": removed})
    return _to(event, session)


@require_POST
@for_who_runs_the_event
def move(request, event, session):
    """Put one person into a group, or with "unfix" leave the person to the planner again."""
    session = _session(event, session)
    form = MoveForm(request.POST, session=session)
    if not form.is_valid():
        raise Http404
    person, group = form.cleaned_data["person"], form.cleaned_data["group"]
    if "unfix" in request.POST:
        unfix(person, session, actor=request.user)
        return _to(event, session, f"#person-{person.pk}")
    try:
        place(person, session, group, actor=request.user)
    except ValidationError as error:
        sessions = list(break_out_sessions(event))
        return _page(request, event, sessions, session, problem=" ".join(error.messages), status=422)
    told = _("%(person)s is in “%(group)s” now.") if group else _("%(person)s is in no group now.")
    messages.success(request, told % {"person": person, "group": group})
    return _to(event, session, f"#person-{person.pk}")


@require_safe
@for_who_runs_the_event
def rooms_csv(request, event, session, tool):
    """The groups for a program of video conferences. Zoom reads its file itself, without the mark Excel wants."""
    session = _session(event, session)
    if tool not in TABLES:
        raise Http404
    text = "".join(csv_chunks(TABLES[tool](session)))
    if tool == "zoom":
        text = text.removeprefix(BYTE_ORDER_MARK)
    response = HttpResponse(text, content_type=KINDS["csv"])
    response["Content-Disposition"] = f'attachment; filename="rooms-{session.pk}-{tool}.csv"'
    return response
