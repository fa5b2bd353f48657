"""What `bin/run` tells the person who started it: where the site is and how to sign in, once it answers."""

import os
import urllib.error
import urllib.request
from collections.abc import Callable

from django.conf import settings

from crm.demo import names
from crm.models import Role, User

ANSWER_SECONDS = 2


class Announcement:
    """Called at each turn of the supervisor; speaks once. How far the demo is, the demo says itself."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.is_made = False

    def report(self) -> None:
        if not self.is_made and site_answers():
            self.is_made = True
            self.say("\n".join(["", f"  Tenure is at {settings.SITE_URL}", *(f"  {line}" for line in sign_in()), "  Ctrl-C stops it.", ""]))


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


def sign_in() -> list[str]:
    """How to sign in: as the demo's people, or by making the first person."""
    demo = User.objects.filter(email__endswith=f"@{names.DOMAIN}")
    people = [demo.filter(role=role).order_by("pk").first() for role in (Role.CSM, Role.ADMIN)]
    if any(people):
        return [f"Sign in as {user.email} ({user.get_role_display()}), password {names.PASSWORD}" for user in people if user]
    if User.objects.filter(is_active=True, is_staff=True).exists():
        return ["Sign in with your e-mail address."]
    return ["Make the first person:  bin/manage createsuperuser"]
