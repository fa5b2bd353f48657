"""What this app adds to the router of /api/v1/."""

from playbooks.api.views import Playbooks

routes = [("playbooks", Playbooks, "playbook")]
