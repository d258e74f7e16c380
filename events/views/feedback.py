"""Feedback: the anonymous form of a participant, and what the hosts see of it."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views import token_page
from common.spreadsheets import Table, download
from events.forms.afterwards import FeedbackForm
from events.models import Registration
from events.services.feedback import LEAST_ANSWERS, answer, invite, results
from events.tokens import is_token_of
from events.views.running import desk_context, for_who_runs_the_event


@token_page
@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request, uid, token):
    """Five questions, once. The page writes no session: what a participant does leaves no time behind."""
    registration = get_object_or_404(
        Registration.objects.select_related("event", "feedback_invitation"), uid=uid, feedback_invitation__isnull=False
    )
    if not is_token_of(registration, token, "feedback"):
        raise Http404
    context = {"event": registration.event}
    if registration.feedback_invitation.is_used:
        return render(request, "events/feedback_thanks.html", context)
    form = FeedbackForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            answer(registration, form.cleaned_data)
        except ValidationError as error:
            if not hasattr(error, "error_dict"):
                return redirect(request.path)
            form.add_error(None, error)
        else:
            return redirect(request.path)
    status = 422 if form.is_bound else 200
    return render(request, "events/feedback.html", context | {"form": form}, status=status)


@require_safe
@for_who_runs_the_event
def feedback_results(request, event):
    context = desk_context(request, event, "feedback") | {"results": results(event), "least": LEAST_ANSWERS}
    return render(request, "events/desk/feedback_results.html", context)


@require_POST
@for_who_runs_the_event
def ask_for_feedback(request, event):
    """Ask those who were there and were not asked yet."""
    try:
        count = invite(event, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("event_desk:feedback", event.pk)
    text = ngettext("%(count)s person was asked.", "%(count)s people were asked.", count)
    messages.success(request, text % {"count": count})
    return redirect("event_desk:feedback", event.pk)


@require_safe
@for_who_runs_the_event
def feedback_export(request, event):
    """The same as the page shows, and as little: never a line per person."""
    found = results(event)
    rows = [[rating.label, str(bar.value), bar.count] for rating in found.ratings for bar in rating.bars]
    rows += [[question, text, 1] for question, texts in found.texts for text in texts]
    return download(Table(("question", "answer", "count"), rows), "csv", f"feedback-{event.pk}")
