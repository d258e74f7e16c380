"""Beginning: a new practice, or a revision of one that is published."""

from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits import too_often
from common.guessing import guessed_language
from common.languages import current_language, name_in
from networks.rules import roles_of
from practices import services
from practices.forms import StartForm
from practices.views.draft import editable_practice
from practices.views.keeping import keeps_words, slowed_down
from practices.views.workspace import for_people_with_a_role


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
    practice = editable_practice(request, pk)
    services.open_revision(practice, actor=request.user)
    return redirect("workspace:step", pk, "story")
