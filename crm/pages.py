"""Pages of the frame itself."""

urlpatterns = []
