"""The limit that pages and the REST API are measured against: bare Django and bare DRF over one table with the same columns.

The list is 50 records in a plain template, four queries (session, person, count, rows). The API is a ModelSerializer over
the same records. No rights, filters, sorting, history, events or frame.

    BARE_DSN=postgres://… python -m tests.bench.bare_web     makes the tables and 10,000 rows, prints a session key
"""

import os
import secrets
import sys

import django
import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

BASE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Accounts</title><link rel="stylesheet" href="/static/app.css"></head>
<body><nav><a href="/">Home</a><a href="/accounts/">Accounts</a><span>{{ user.username }}</span></nav><main>{% block body %}{% endblock %}</main></body></html>"""
LIST = """{% extends "base.html" %}{% block body %}<table><thead><tr>{% for name in columns %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr id="account-{{ row.id }}"><td><input type="checkbox" name="account" value="{{ row.id }}"></td><td><a href="/accounts/{{ row.id }}/">{{ row.name }}</a>{% if row.lifecycle != "customer" %}<span class="chip">{{ row.lifecycle }}</span>{% endif %}</td><td>{{ row.owner.name }}</td><td>{{ row.plan }}</td><td>{{ row.arr_minor }} {{ row.currency }}</td><td><span class="{{ row.band }}">{{ row.get_band_display }} {{ row.score }}</span></td><td>{{ row.trend|join:" " }}</td><td>{{ row.score_change }}</td><td>{{ row.top_reason }}</td><td>{{ row.renewal_on|date:"j M Y" }}</td><td>{{ row.last_contact_at|date:"j M Y" }}</td><td>{{ row.open_tasks }}</td><td>{% if row.overdue_minor %}{{ row.overdue_minor }} {{ row.currency }}{% endif %}</td></tr>
{% endfor %}</tbody></table><p>{{ total }} accounts</p>{% endblock %}"""
COLUMNS = ["Account", "Owner", "Plan", "ARR", "Health", "Trend", "Change", "Reason", "Renews", "Contact", "Tasks", "Overdue"]
FILL = """
insert into bare_owner (name) select 'Owner ' || g from generate_series(1, 20) g;
insert into bare_account (name, domain, owner_id, stage, lifecycle, currency, mrr_minor, arr_minor, arr_base_minor, overdue_minor, plan, seats,
    renewal_on, score, band, score_change, coverage, top_reason, scored_at, trend, last_event_at, last_contact_at, open_tasks, sentiment, created_at)
select 'Account ' || to_char(g, 'FM00000'), 'account-' || g || '.example', 1 + g %% 20, '', case g %% 8 when 0 then 'trial' else 'customer' end, 'USD',
    g * 100, g * 1200, g * 1200, case g %% 12 when 0 then 5000 else 0 end, 'growth', 20, current_date + g %% 365, 20 + g * 7919 %% 80, 'good', g %% 20 - 10,
    '7/9', 'usage fell by 40 %% in 30 days', now(), '[50, 52, 54, 51, 49, 48, 50, 55, 57, 60, 61, 63]', now(), now(), g %% 4, 1 + g %% 5, now()
from generate_series(1, %(accounts)s) g
"""

if not settings.configured:
    settings.configure(
        SECRET_KEY=os.environ.get("BARE_KEY") or secrets.token_hex(),
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "rest_framework",
        ],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.gzip.GZipMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        DATABASES={"default": {**environ.Env.db_url_config(os.environ["BARE_DSN"]), "CONN_MAX_AGE": 600}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ],
                    "loaders": [
                        (
                            "django.template.loaders.cached.Loader",
                            [("django.template.loaders.locmem.Loader", {"base.html": BASE, "list.html": LIST})],
                        )
                    ],
                },
            }
        ],
        REST_FRAMEWORK={
            "PAGE_SIZE": 50,
            "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        },
    )
    django.setup()

from django.db import connection, models  # noqa: E402
from django.shortcuts import render  # noqa: E402
from rest_framework import authentication, generics, permissions, serializers  # noqa: E402


class Owner(models.Model):
    name = models.CharField(max_length=80)

    class Meta:
        app_label, db_table = "bare", "bare_owner"

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """The columns that a list and the API show of an account."""

    name = models.CharField(max_length=200, db_index=True)
    domain = models.CharField(max_length=253, blank=True)
    owner = models.ForeignKey(Owner, models.CASCADE, null=True)
    stage = models.CharField(max_length=40, blank=True)
    lifecycle = models.CharField(max_length=10, default="customer")
    currency = models.CharField(max_length=3, blank=True)
    mrr_minor = models.BigIntegerField(null=True)
    arr_minor = models.BigIntegerField(null=True)
    arr_base_minor = models.BigIntegerField(null=True)
    overdue_minor = models.BigIntegerField(default=0)
    plan = models.CharField(max_length=80, blank=True)
    seats = models.IntegerField(null=True)
    renewal_on = models.DateField(null=True)
    score = models.SmallIntegerField(null=True)
    band = models.CharField(max_length=7, default="unknown", choices=[("good", "Good"), ("risk", "Risk")])
    score_change = models.SmallIntegerField(null=True)
    coverage = models.CharField(max_length=9, blank=True)
    top_reason = models.CharField(max_length=200, blank=True)
    scored_at = models.DateTimeField(null=True)
    trend = models.JSONField(default=list)
    last_event_at = models.DateTimeField(null=True)
    last_contact_at = models.DateTimeField(null=True)
    open_tasks = models.PositiveIntegerField(default=0)
    sentiment = models.SmallIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label, db_table = "bare", "bare_account"

    def __str__(self) -> str:
        return self.name


class AccountSerializer(serializers.ModelSerializer):
    owner_name = serializers.CharField(source="owner.name", read_only=True, default="")

    class Meta:
        model = Account
        exclude = ["trend"]


class WithoutCsrf(authentication.SessionAuthentication):
    def enforce_csrf(self, request: HttpRequest) -> None:
        return


class Accounts(generics.ListCreateAPIView):
    authentication_classes = [WithoutCsrf]
    permission_classes = [permissions.IsAuthenticated]
    queryset = Account.objects.select_related("owner").order_by("name", "id")
    serializer_class = AccountSerializer


def listing(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    rows, total = Account.objects.select_related("owner").order_by("name", "id")[:50], Account.objects.count()
    return render(request, "list.html", {"rows": rows, "total": total, "columns": COLUMNS})


urlpatterns = [path("accounts/", listing), path("api/accounts/", Accounts.as_view())]
application = get_wsgi_application()


def fill(accounts: int) -> str:
    """Tables, rows and a signed-in person; returns the key of the session."""
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Owner)
        editor.create_model(Account)
    with connection.cursor() as cursor:
        for part in FILL.split(";"):
            cursor.execute(part, {"accounts": accounts} if "%(" in part else None)
        cursor.execute("vacuum analyze")
    user = User.objects.create(username="bench")
    session = SessionStore()
    session.update(
        {
            "_auth_user_id": str(user.pk),
            "_auth_user_backend": settings.AUTHENTICATION_BACKENDS[0],
            "_auth_user_hash": user.get_session_auth_hash(),
        }
    )
    session.create()
    return session.session_key


if __name__ == "__main__":
    sys.stdout.write(fill(int(sys.argv[1])) + "\n")
