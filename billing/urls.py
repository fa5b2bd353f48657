"""Pages of billing."""

app_name = "billing"

urlpatterns = []
