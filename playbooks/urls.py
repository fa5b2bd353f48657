"""Pages of playbooks."""

app_name = "playbooks"

urlpatterns = []
