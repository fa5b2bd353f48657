"""What this app adds to the router of /api/v1/."""

from playbooks.api.views import PlaybookViewSet

routes = [("playbooks", PlaybookViewSet, "playbook")]
