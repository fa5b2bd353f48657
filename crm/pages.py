"""Pages of the frame itself: home, search, preferences, keys, styleguide, and the status that every page asks for."""

from django.urls import path

from crm import views
from crm.dashboards import pages as dashboards
from crm.health import healthz

urlpatterns = [
    path("", views.home, name="home"),
    path("day/", dashboards.day, name="day"),
    path("day/numbers/", dashboards.numbers, name="day-numbers"),
    path("day/moved/", dashboards.moved, name="day-moved"),
    path("day/held/", dashboards.held, name="day-held"),
    path("search/", views.search, name="search"),
    path("healthz", healthz, name="healthz"),
    path("status/", views.frame_status, name="frame-status"),
    path("keys/", views.keys, name="keys"),
    path("me/", views.preferences, name="preferences"),
    path("me/theme/", views.theme, name="theme"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("favicon.ico", views.favicon),
    path("robots.txt", views.robots),
]
