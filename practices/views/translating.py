"""The translators' desk: what is to be done, one practice side by side, and files for agencies."""

import uuid

from allauth.core.ratelimit import respond_429
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from js_asset import Media

from accounts.limits import too_often
from common.forms import RICH_TEXT_WORDS
from common.languages import own_name, site_languages
from common.templatetags.hub import number
from networks.rules import roles_of
from practices import services
from practices.agencies import MAX_UPLOAD, MOST_PRACTICES, export, import_files
from practices.forms.translating import ExchangeForm, TranslationForm
from practices.listing import page_links
from practices.models import Practice, Translation
from practices.rules import can_decide, may_translate
from practices.translating import source_digest
from practices.translation_desk import (
    DeskRequest,
    language_totals,
    languages_of,
    matrix_page,
    networks_at_hand,
    pairs,
    worklist_page,
)
from practices.views.keeping import keeps_words
from practices.views.workspace import for_people_with_a_role

MAX_NUMBER = 2**31


def _languages(request):
    """Languages the person translates into; those who translate into none have no place at this desk."""
    languages = languages_of(request.user)
    if not languages:
        raise PermissionDenied
    return languages


@require_safe
@for_people_with_a_role
def translations(request):
    languages = _languages(request)
    networks = networks_at_hand(request.user)
    asked = DeskRequest.parse(request.GET, networks, languages)
    page = matrix_page(asked, request.user, languages)
    return render(
        request,
        "workspace/translations.html",
        {
            "roles": roles_of(request.user),
            "desk": "translations",
            "asked": asked,
            "page": page,
            "totals": language_totals(asked, request.user, languages),
            "languages": languages,
            "networks": networks,
            "states": Translation.State,
            **page_links(page, reverse("workspace:translations")),
        },
    )


@require_safe
@for_people_with_a_role
def translation_worklist(request, language):
    if language not in site_languages():
        raise Http404
    if language not in _languages(request):
        raise PermissionDenied
    networks = networks_at_hand(request.user)
    asked = DeskRequest.parse(request.GET, networks, ())
    page = worklist_page(asked, request.user, language)
    return render(
        request,
        "workspace/translation_worklist.html",
        {
            "roles": roles_of(request.user),
            "desk": "translations",
            "asked": asked,
            "page": page,
            "target": language,
            "networks": networks,
            "states": Translation.State,
            **page_links(page, reverse("workspace:translation-worklist", args=[language])),
        },
    )


# One practice ------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_words
def translation(request, pk, language):
    practice = _practice(request, pk, language)
    if request.method == "POST":
        return _act(request, practice, language)
    return _editor(request, practice, language)


def _practice(request, pk, language):
    """A practice the person translates; other people's and unknown ones are not found, other languages not allowed."""
    practice = (
        Practice.objects.translatable_by(request.user).filter(pk=pk).first()
        if language in site_languages() and pk < MAX_NUMBER
        else None
    )
    if practice is None or language == practice.source_language:
        raise Http404
    if not may_translate(request.user, practice, language):
        raise PermissionDenied
    return practice


def _editor(request, practice, language, *, form=None, conflicts=None, problems=(), status=200):
    """The page; `form` is a refused one, shown with what was typed."""
    row = services.translation_of(practice, language)
    fresh = TranslationForm(practice, row)
    if form is not None:
        # What is on the page now is compared with what is stored now; the inputs keep what was typed.
        form.row, form.shown = fresh.row, fresh.shown
    shown = form or fresh
    found = pairs(practice, row, shown, conflicts)
    context = {
        "roles": roles_of(request.user),
        "desk": "translations",
        "practice": practice,
        "row": row,
        "window": request.POST.get("window") or uuid.uuid4().hex,
        "source": practice.source_language,
        "target": language,
        "pairs": found,
        "source_title": practice.text("title", practice.source_language),
        "against": source_digest(practice),
        "problems": problems,
        "errors": bool(form and form.errors),
        "may_decide": can_decide(request.user, practice),
        "machine_is_on": services.machine_translation_is_on() and practice.is_public,
        "is_live": bool(practice.text("title", language)),
        "lacks": bool(services.wanted_from_machine(row)),
        "media": Media.from_media(fresh.media, nonce=request.csp_nonce),
        "rich_text_words": RICH_TEXT_WORDS,
    }
    return render(request, "workspace/translation.html", context, status=status)


def _act(request, practice, language):
    """Save what was typed, then do what the button says: whatever is refused, nothing typed is lost."""
    form = TranslationForm(practice, services.translation_of(practice, language), request.POST)
    seen = request.POST.get("seen", "")
    try:
        outcome = services.save_draft(
            practice,
            language,
            form.changes(),
            actor=request.user,
            seen=int(seen) if seen.isdecimal() and len(seen) < 10 else 0,
            window=request.POST.get("window", "")[:40],
        )
        services.mark_as_read(practice, language, form.read(), actor=request.user)
    except ValidationError as error:
        return _refused(request, practice, language, form, error)
    if outcome.conflicts:
        return _editor(request, practice, language, form=form, conflicts=outcome.conflicts, status=422)
    action, _colon, name = request.POST.get("action", "save").partition(":")
    try:
        told = _ACTIONS.get(action, _saved)(request, practice, language, name)
    except ValidationError as error:
        return _refused(request, practice, language, form, error)
    messages.success(request, told)
    return redirect("workspace:translation", practice.pk, language)


def _refused(request, practice, language, form, error):
    problems = []
    form.is_valid()
    if hasattr(error, "error_dict"):
        for name, reasons in error.error_dict.items():
            if name in form.fields:
                form.add_error(name, reasons)
            else:
                problems += [text for reason in reasons for text in reason.messages]
    else:
        problems = error.messages
    practice.refresh_from_db()
    return _editor(request, practice, language, form=form, problems=problems, status=422)


def _saved(request, practice, language, _name):
    return _("Saved as a draft. Readers see it once it is confirmed.")


def _confirm(request, practice, language, _name):
    services.confirm_translation(practice, language, actor=request.user, against=request.POST.get("against", ""))
    return _("Confirmed: readers see it now.")


def _review(request, practice, language, _name):
    services.send_to_review(practice, language, actor=request.user)
    return _("Another person is to look at it before readers see it.")


def _fine(request, practice, language, name):
    services.still_fine(practice, language, [name], actor=request.user, against=request.POST.get("against", ""))
    return _("Noted: this translation still holds.")


def _machine(request, practice, language, _name):
    services.ask_machine(practice, language, actor=request.user)
    return _("The translation service was asked. Load the page again in a moment.")


def _withdraw(request, practice, language, _name):
    services.withdraw_translation(practice, language, actor=request.user)
    return _("Readers see this translation no more. Its text stays here as a draft.")


def _second_look(request, practice, language, name):
    services.want_second_look(practice, language, name == "on", actor=request.user)
    return _("Another person confirms it.") if name == "on" else _("Whoever translates it may confirm it.")


_ACTIONS = {
    "confirm": _confirm,
    "review": _review,
    "fine": _fine,
    "machine": _machine,
    "withdraw": _withdraw,
    "second-look": _second_look,
}


# Agencies ----------------------------------------------------------------------------------------


@require_safe
@for_people_with_a_role
def translation_export(request):
    """A file, or an archive of several: ?language=it&practice=1&practice=2; without practices, the first of the list."""
    language = request.GET.get("language", "")
    if language not in site_languages():
        raise Http404
    if language not in _languages(request):
        raise PermissionDenied
    chosen = [int(pk) for pk in request.GET.getlist("practice")[:MOST_PRACTICES] if pk.isdecimal() and len(pk) < 10]
    allowed = Practice.objects.translatable_by(request.user, language).exclude(source_language=language)
    practices = list(allowed.filter(pk__in=chosen).order_by("pk"))
    if len(practices) < len(set(chosen)):
        raise Http404
    if not practices:
        told = _("Choose at least one practice that is not written in %(language)s.")
        messages.error(request, told % {"language": own_name(language)})
        return redirect("workspace:translation-worklist", language)
    name, kind, data = export(practices, language)
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@for_people_with_a_role
def translation_import(request):
    languages = _languages(request)
    outcome, status = None, 200
    form = ExchangeForm(languages, initial={"language": request.GET.get("language", "")})
    if request.method == "POST":
        form, status = ExchangeForm(languages, request.POST, request.FILES), 422
        if form.is_valid():
            if too_often(request, "translation_import"):
                return respond_429(request)
            upload, language = form.cleaned_data["file"], form.cleaned_data["language"]
            data = upload.read(MAX_UPLOAD + 1)  # One byte too many is enough to know.
            outcome = import_files(upload.name, data, language=language, actor=request.user)
            if not outcome.complaints:
                told = ngettext(
                    "%(count)s text was stored as a draft.", "%(count)s texts were stored as drafts.", outcome.texts
                )
                messages.success(request, told % {"count": number(outcome.texts)})
                if len(outcome.practices) == 1:
                    return redirect("workspace:translation", outcome.practices[0].pk, language)
                return redirect("workspace:translation-worklist", language)
    return render(
        request,
        "workspace/translation_import.html",
        {"roles": roles_of(request.user), "desk": "translations", "form": form, "outcome": outcome},
        status=status,
    )
