"""Forms whose words survive the end of a session: what was typed is given back, to be sent once more."""

from functools import wraps

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from accounts.limits import seconds_to_wait, wait_in_words
from practices.views.workspace import for_people_with_a_role


def keeps_words(view):
    """Decorate a view that takes a form: where sign-in or token are gone, the answer holds all that was typed.

    Only for forms that come from this site; what another site sends is refused as ever.
    """

    @csrf_exempt
    @never_cache
    @wraps(view)
    def answer(request, *args, **kwargs):
        if request.method == "POST":
            refusal = forgery(request)
            if refusal and request.headers.get("Origin") != f"{request.scheme}://{request.get_host()}":
                return refusal
            if refusal or not request.user.is_authenticated:
                is_here = request.user.is_authenticated
                return handed_back(request, 403 if is_here else 401, is_renewed=is_here)
        elif not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return for_people_with_a_role(view)(request, *args, **kwargs)

    return answer


def forgery(request):
    """The refusal of a request without a valid token, or None."""
    return CsrfViewMiddleware(lambda request: None).process_view(request, None, (), {})


def handed_back(request, status, wait="", is_renewed=False):
    """`is_renewed`: the person signed in anew after the page was opened, so that its token is an old one."""
    typed = [(name, value) for name, values in request.POST.lists() for value in values]
    context = {
        "section": "workspace",
        "typed": [pair for pair in typed if pair[0] != "csrfmiddlewaretoken"],
        "sign_in": f"{resolve_url(settings.LOGIN_URL)}?next={_page_of(request)}",
        "had_files": bool(request.FILES),
        "wait": wait,
        "is_renewed": is_renewed,
    }
    return render(request, "workspace/handed_back.html", context, status=status)


def _page_of(request):
    """Where to arrive after signing in in the other tab; addresses that are only sent to have no page."""
    match = request.resolver_match
    return reverse("workspace:review", args=[match.kwargs["pk"]]) if "verb" in match.kwargs else request.path


def slowed_down(request):
    """Too much in a short time from a person: what was typed is given back, to be sent a little later."""
    response = handed_back(request, 429, wait_in_words(request))
    response["Retry-After"] = str(seconds_to_wait(request))
    return response


def not_now(request):
    """The same for a script, which asks again by itself."""
    wait = seconds_to_wait(request)
    return JsonResponse({"problem": "too-often", "wait": wait}, status=429, headers={"Retry-After": str(wait)})
