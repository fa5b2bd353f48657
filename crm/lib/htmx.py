"""What a view needs to answer both a whole page and htmx. One view, one address; the header picks the template.

Used by every page; it imports nothing of ours.
"""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render as django_render
from django.utils.cache import patch_vary_headers

LEVELS = {"good": messages.SUCCESS, "watch": messages.WARNING, "bad": messages.ERROR}


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part. A boosted link or a restored history entry wants the whole page."""
    headers = request.headers
    return "HX-Request" in headers and "HX-Boosted" not in headers and "HX-History-Restore-Request" not in headers


def render(request: HttpRequest, page: str, fragment: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The template `fragment` for htmx, else `page`, which includes the fragment."""
    response = django_render(request, fragment if is_fragment(request) else page, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def invalid(request: HttpRequest, page: str, fragment: str, context: dict[str, Any]) -> HttpResponse:
    """The same with status 422: the form again, with its errors and the input kept."""
    return render(request, page, fragment, context, status=422)


def toast(request: HttpRequest, response: HttpResponse, text: str, *, undo: str = "", tone: str = "good") -> HttpResponse:
    """Say `text` beside this response; `undo` is an address that is posted to. Without htmx it is said on the next page."""
    if "HX-Request" in request.headers:
        return trigger(response, "toast", {"text": text, "undo": undo, "tone": tone})
    messages.add_message(request, LEVELS[tone], text, extra_tags=undo)
    return response


def trigger(response: HttpResponse, name: str, detail: Any = None) -> HttpResponse:
    """Raise the event `name` in the page; fragments refresh with hx-trigger="name from:body"."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps({**events, name: detail})
    return response


def redirect(request: HttpRequest, url: str) -> HttpResponse:
    """Go to `url`: a header for htmx, a 302 otherwise."""
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
