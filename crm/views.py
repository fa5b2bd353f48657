"""Pages of the frame: home, search, preferences, keys, the status line and the styleguide; what browsers and robots ask for.

Pages of records live in the apps.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from crm import guide
from crm.forms import PreferencesForm, ThemeForm
from crm.lib import clock, htmx
from crm.search import find
from crm.site_map import ITEMS, entries
from crm.status import status


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first page of the rail."""
    pages = entries(ITEMS, request.user)
    return redirect(pages[0][1] if pages else "styleguide")


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """`/search/?q=`: a page of its own, and the results of the palette."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    context = {"q": text, "groups": find(request.user, text)}
    return htmx.render(request, "crm/search.html", "crm/_search_results.html", context)


@require_safe
def frame_status(request: HttpRequest) -> HttpResponse:
    """The feed lamp, and the notices that belong on every page. Asked for after the page is drawn."""
    return render(request, "crm/_status.html", {"status": status(at=clock.now())})


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    return htmx.render(request, "crm/keys.html", "crm/_keys.html", {})


def preferences(request: HttpRequest) -> HttpResponse:
    """Theme, time zone and shortcuts of the person who asks."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method != "POST":
        return render(request, "crm/preferences.html", {"form": form})
    if not form.is_valid():
        return htmx.invalid(request, "crm/preferences.html", "crm/_preferences_form.html", {"form": form})
    form.save()
    return htmx.toast(request, htmx.redirect(request, request.path), "Your preferences are saved.")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Set the theme; the page has already changed by script, or is drawn again without."""
    form = ThemeForm(request.POST, instance=request.user)
    if form.is_valid():
        form.save()
    return HttpResponse(status=204) if htmx.is_fragment(request) else HttpResponseRedirect(next_url(request))


def next_url(request: HttpRequest) -> str:
    url = request.POST.get("next", "")
    return url if url_has_allowed_host_and_scheme(url, {request.get_host()}) else "/"


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in all its states."""
    return render(request, "crm/styleguide.html", guide.context(request))


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The icon at the address that browsers guess, for answers that are not our pages."""
    icon = (settings.BASE_DIR / "crm/static/crm/img/tenure.svg").read_bytes()
    return HttpResponse(icon, content_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Nothing here is for search engines."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")
