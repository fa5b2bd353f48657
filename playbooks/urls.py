"""Pages of playbooks."""

from django.urls import path

from playbooks.views import changing, panels, reading

app_name = "playbooks"

urlpatterns = [
    path("playbooks/", reading.playbook_list, name="playbook-list"),
    path("playbooks/new/", changing.playbook_create, name="playbook-create"),
    path("playbooks/<slug:key>/", reading.playbook, name="playbook"),
    path("playbooks/<slug:key>/runs/", reading.runs, name="playbook-runs"),
    path("playbooks/<slug:key>/why/", reading.why, name="playbook-why"),
    path("playbooks/<slug:key>/held/", reading.held, name="playbook-held"),
    path("playbooks/<slug:key>/versions/", reading.versions, name="playbook-versions"),
    path("playbooks/<slug:key>/text/", changing.text_edit, name="playbook-text"),
    path("playbooks/<slug:key>/activation/", changing.activation_create, name="playbook-activation"),
    path("playbooks/<slug:key>/pause/", changing.pause_create, name="playbook-pause"),
    path("accounts/<int:pk>/panels/playbooks/", panels.account, name="account-panel"),
]
