"""Minutes of an event and note pages of its groups: written, compared, gathered. Nobody's words are overwritten."""

from types import SimpleNamespace

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from js_asset import Media

from common import refusals
from common.forms import RICH_TEXT_WORDS
from common.languages import current_language
from common.text import plain_from_rich
from events.documents.report import report_pdf
from events.forms.minutes import MinutesForm, NoteLinkForm
from events.models import BreakoutGroup
from events.rules import NOTES_OPEN
from events.services.minutes import ConflictError, insert_notes, latest_revision, revisions, save_minutes
from events.services.note_links import send_note_link, withdraw_note_link
from events.showing import moment_in_words
from events.views.planning import desk_context, for_who_runs_the_event
from practices.wording import word_pieces

READS = ["GET", "HEAD", "POST"]


def _group(event, pk):
    related = ["session__event", "room__event", "moderator", "rapporteur"]
    groups = BreakoutGroup.objects.filter(session__event=event).select_related(*related)
    return get_object_or_404(groups, pk=pk)


@require_http_methods(READS)
@for_who_runs_the_event
def minutes(request, event):
    address = reverse("event_desk:minutes", args=[event.pk])
    frame = desk_context(request, event, "minutes") | {"groups": _groups_with_notes(event)}
    return writing(request, event, None, address, "events/desk/minutes.html", frame, actor=request.user)


@require_http_methods(READS)
@for_who_runs_the_event
def notes(request, event, group):
    group = _group(event, group)
    address = reverse("event_desk:notes", args=[event.pk, group.pk])
    frame = desk_context(request, event, "minutes") | links_context(event, group)
    return writing(request, event, group, address, "events/desk/notes.html", frame, actor=request.user)


def links_context(event, group, form=None):
    """What the note page of a group tells of links that were sent, with the form that sends one."""
    links = list(group.note_links.select_related("sent_by"))
    for link in links:
        link.when = moment_in_words(link.sent_at, event.time_zone)
    may_send = event.status in NOTES_OPEN
    return {"links": links, "link_form": (form or NoteLinkForm(group=group)) if may_send else None}


def writing(request, event, group, address, template, frame, *, actor, link=None):
    """The page of a text. A refused save keeps what was typed; one on an old state shows both texts.

    `frame` is what the template needs beside it; whoever writes does so as `actor` or by a `link`.
    """
    latest, conflict = latest_revision(event, group), None
    language = latest.language if latest else (group and group.language) or event.source_language
    if request.method == "POST":
        form = MinutesForm(request.POST, shown_language=request.POST.get("language") or language)
        if form.is_valid():
            values = form.cleaned_data
            try:
                save_minutes(event, actor=actor, link=link, group=group, **values)
            except ConflictError as error:
                conflict = latest = error.latest
                form = _on(form, conflict)
            except ValidationError as error:
                refusals.tell(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect(address)
    else:
        initial = {
            "base": latest.number if latest else 0,
            "language": language,
            "text": latest.text if latest else "",
        }
        form = MinutesForm(initial=initial, shown_language=language)
    context = frame | {
        "event": event,
        "group": group,
        "form": form,
        "media": Media.from_media(form.media, nonce=request.csp_nonce),
        "rich_text_words": RICH_TEXT_WORDS,
        "latest": latest,
        "conflict": conflict,
        "difference": _difference(conflict.text, form.data["text"], conflict.language) if conflict else None,
        "revisions": _history(event, group),
        "address": address,
    }
    return render(request, template, context, status=422 if request.method == "POST" else 200)


def _history(event, group):
    """The revisions, the newest first, with the moment of each by the clock of the event's place."""
    found = list(revisions(event, group).select_related("author", "link"))
    for revision in found:
        revision.when = moment_in_words(revision.at, event.time_zone)
    return found


def _on(form, latest):
    """The same form, on the newest state: saved again it follows that, which stays in the history."""
    data = form.data.copy()
    data["base"] = str(latest.number)
    return MinutesForm(data, shown_language=form.cleaned_data["language"])


def _groups_with_notes(event):
    """Groups of all sessions with the number of their last notes (None: none yet), in two statements."""
    numbers = {}
    for group, number in revisions_of_groups(event):
        numbers[group] = max(number, numbers.get(group, 0))
    groups = BreakoutGroup.objects.filter(session__event=event).select_related("session__event")
    found = list(groups.order_by("session__starts_at", "session", "order", "pk"))
    for group in found:
        group.notes_number = numbers.get(group.pk)
    return found


def revisions_of_groups(event):
    return event.minutes.filter(group__isnull=False).values_list("group", "number")


def _difference(before, after, language):
    """As `workspace/_difference.html` wants it."""
    pieces = word_pieces(plain_from_rich(before), plain_from_rich(after))
    return SimpleNamespace(pieces=pieces, language=language, note="")


@require_POST
@for_who_runs_the_event
def send_link(request, event, group):
    """Mail the address of the note page to somebody who moderates or reports in the group."""
    group = _group(event, group)
    form = NoteLinkForm(request.POST, group=group)
    if form.is_valid():
        try:
            link = send_note_link(group, actor=request.user, **form.cleaned_data)
        except ValidationError as error:
            refusals.tell(form, error)
        else:
            messages.success(request, _("The link is on its way to %(address)s.") % {"address": link.email})
            return _to_links(event, group)
    return _links_refused(request, event, group, form)


def _links_refused(request, event, group, form):
    """The form with its errors, on a page of its own: what somebody writes in the notes meanwhile is not touched."""
    context = desk_context(request, event, "minutes") | {"group": group} | links_context(event, group, form)
    return render(request, "events/desk/note_links.html", context | {"link_form": form}, status=422)


@require_POST
@for_who_runs_the_event
def withdraw_link(request, event, group, link):
    group = _group(event, group)
    found = get_object_or_404(group.note_links, pk=link)
    withdraw_note_link(found, actor=request.user)
    messages.success(request, _("The link of %(person)s opens nothing any more.") % {"person": found})
    return _to_links(event, group)


def _to_links(event, group):
    return redirect(reverse("event_desk:notes", args=[event.pk, group.pk]) + "#links")


@require_safe
@for_who_runs_the_event
def compare(request, event, group=None):
    """Two revisions word by word; without a choice the last two."""
    group = _group(event, group) if group else None
    found = _history(event, group)
    by_number = {str(revision.number): revision for revision in found}
    newest = found[0] if found else None
    previous = found[1] if len(found) > 1 else newest
    first = by_number.get(request.GET.get("from"), previous)
    second = by_number.get(request.GET.get("to"), newest)
    back = reverse("event_desk:notes", args=[event.pk, group.pk]) if group else None
    context = desk_context(request, event, "minutes") | {
        "group": group,
        "back": back or reverse("event_desk:minutes", args=[event.pk]),
        "revisions": found,
        "from": first,
        "to": second,
        "difference": _difference(first.text, second.text, second.language) if first and first != second else None,
    }
    return render(request, "events/desk/minutes_compare.html", context)


@require_POST
@for_who_runs_the_event
def insert(request, event):
    """Add the notes of the rooms to the minutes."""
    try:
        added = insert_notes(event, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("event_desk:minutes", event.pk)
    if added:
        told = ngettext("The notes of %(count)s group were added.", "The notes of %(count)s groups were added.", added)
        messages.success(request, told % {"count": added})
    else:
        messages.info(request, _("There are no notes that the minutes do not have already."))
    return redirect("event_desk:minutes", event.pk)


@require_safe
@for_who_runs_the_event
def report(request, event):
    """The report as it stands now, for its hosts, at any time."""
    return pdf_answer(event)


def pdf_answer(event):
    response = HttpResponse(report_pdf(event), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="event-{event.pk}-report-{current_language()}.pdf"'
    return response
