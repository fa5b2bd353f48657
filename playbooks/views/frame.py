"""What all pages of one playbook share: finding it, its tabs."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from crm.lib import clock
from customers.rights import can
from playbooks.models import Playbook
from playbooks.overview import sentences

TABS = (
    ("Definition", "playbook"),
    ("Runs", "playbook-runs"),
    ("Why", "playbook-why"),
    ("Held back", "playbook-held"),
    ("Versions", "playbook-versions"),
)


def found(key: str) -> Playbook:
    """The playbook, or 404. Everybody who works here may read playbooks; what they did is filtered by account."""
    return get_object_or_404(Playbook.objects.select_related("active_version__playbook"), key=key)


def frame(request: HttpRequest, playbook: Playbook, **more: Any) -> dict[str, Any]:
    """The context of a playbook's page."""
    tabs = [{"label": label, "url": reverse(f"playbooks:{name}", args=[playbook.key])} for label, name in TABS]
    version = playbook.active_version
    return {
        "playbook": playbook,
        "version": version,
        "starts": sentences([version])[version.pk] if version else "",
        "tabs": tabs,
        "here": request.path,
        "may_edit": can(request.user, "playbook.edit"),
        "at": clock.now(),
        **more,
    }
