"""What `bin/run` tells the person who started it: the address once the site answers, then how far the demo is."""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from django.conf import settings

from crm.models import Installation, User

EVERY_SECONDS = 5
ANSWER_SECONDS = 2


class Progress:
    """Called at each turn of the supervisor; says each thing once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.is_up = False
        self.next_at = 0.0
        self.last = ""

    def report(self) -> None:
        if not self.is_up:
            self.is_up = site_answers()
            if self.is_up:
                self.say(f"\n  Tenure is at {settings.SITE_URL}\n  {sign_in()}\n  Ctrl-C stops it.\n")
        if time.monotonic() >= self.next_at:
            self.next_at = time.monotonic() + EVERY_SECONDS
            self.tell_demo()

    def tell_demo(self) -> None:
        line = demo_line(Installation.load().demo or {})
        if line and line != self.last:
            self.say(line)
        self.last = line


def site_answers() -> bool:
    """Whether the web server gives any answer at all."""
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    request = urllib.request.Request(f"http://{host}:{port}/login/", headers={"X-Forwarded-Proto": "https"})
    try:
        urllib.request.urlopen(request, timeout=ANSWER_SECONDS).close()  # noqa: S310
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def sign_in() -> str:
    """How to sign in: with the demo's people, as told by the demo, or by making the first person."""
    demo = Installation.load().demo or {}
    if sign_in := demo.get("sign_in"):
        return f"Sign in as {sign_in}"
    if User.objects.filter(is_active=True, is_staff=True).exists():
        return "Sign in with your e-mail address."
    return "Make the first person:  bin/manage createsuperuser"


def demo_line(demo: dict[str, object]) -> str:
    """One line about the demo's progress, from Installation.demo {state, day, until, share}."""
    state = demo.get("state")
    if state == "running":
        share = float(str(demo.get("share") or 0))
        return f"Demo: {share:.0%}, the story is at {demo.get('day')} of {demo.get('until')}"
    return "Demo: complete" if state == "done" else ""
