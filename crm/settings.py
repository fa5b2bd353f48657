"""All settings of Tenure, in one file.

Values come from the environment (or a `.env` file beside `manage.py`); `.env.example` lists every
variable. Nothing here starts a server or touches the network: `bin/run` owns the embedded
PostgreSQL and passes its address as DATABASE_URL.
"""

import hashlib
import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")


def default_home() -> Path:
    """Where state lives: `.tenure` in the clone; as root /var/lib/tenure/HASH (the embedded server opens parent folders)."""
    if os.geteuid() == 0:
        return Path("/var/lib/tenure") / hashlib.sha256(str(BASE_DIR).encode()).hexdigest()[:12]
    return BASE_DIR / ".tenure"


def secret_key() -> str:
    """SECRET_KEY from the environment, else one made once and kept in the state folder."""
    if key := env.str("SECRET_KEY", default=""):
        return key
    path = TENURE_HOME / "secret_key"
    if not path.exists():
        from django.core.management.utils import get_random_secret_key

        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(get_random_secret_key())
    return path.read_text()


TENURE_HOME = Path(env.str("TENURE_HOME", default=str(default_home()))).expanduser()
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_URL = env.str("SITE_URL", default=f"http://127.0.0.1:{env.str('PORT', default='8000')}")
ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "crm",
    "customers",
    "billing",
    "playbooks",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_filters",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "crm.middleware.RawIngestMiddleware",
    "crm.middleware.InstallationMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crm.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm.idempotency.IdempotencyMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.site_map.frame",
            ],
            "builtins": ["crm.templatetags.crm"],
        },
    }
]

# The database. The suite may name its own server with TEST_DATABASE_URL.
DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///tenure")}
DATABASES["default"].update(
    ENGINE="django.db.backends.postgresql",
    CONN_MAX_AGE=env.int("CONN_MAX_AGE", default=60),
    CONN_HEALTH_CHECKS=True,
)
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"},
    "local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# People
AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_FORMS = {"login": "crm.sign_in.SignInForm"}
ACCOUNT_ADAPTER = "crm.auth.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
MFA_TOTP_ISSUER = "Tenure"
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="tenure@localhost")

# Language, time, money: times are stored in UTC and shown in the reader's zone; the installation's zone sets day borders.
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(TENURE_HOME / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str("STATICFILES_BACKEND", default="whitenoise.storage.CompressedManifestStaticFilesStorage"),
    },
}
MEDIA_ROOT = TENURE_HOME / "media"

# Background work: one static schedule, the tick; see docs/operations.md
Q_CLUSTER = {
    "name": "tenure",
    "orm": "default",
    "cache": "local",  # the state of the cluster, written twice a second, is of no use to other processes
    "workers": env.int("WORKERS", default=2),
    "timeout": 300,
    "retry": 360,
    "max_attempts": 1,
    "save_limit": -1,
    "bulk": 10,
    "poll": 0.5,
    "recycle": 500,
    "queue_limit": 20,
    "catch_up": False,
    "ack_failures": True,
    "label": "Background work",
}

# API
API_CALLS_PER_MINUTE = env.int("API_CALLS_PER_MINUTE", default=6000)  # of one caller, in each web process
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["crm.auth.ApiKeyAuthentication", "crm.auth.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["crm.auth.HasScope"],
    "DEFAULT_PAGINATION_CLASS": "crm.lib.paging.CursorPaging",
    "DEFAULT_FILTER_BACKENDS": ["crm.lib.filtering.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "crm.schema.Schema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["crm.lib.json_body.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["crm.auth.CallsPerMinute"],
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "crm.lib.problems.problem_response",
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tenure API",
    "DESCRIPTION": "The open-source relationship CRM for recurring revenue. docs/api.md tells how lists, errors and keys work.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"LifecycleEnum": "customers.filters.LIFECYCLES"},
}

# Ingest limits; a Source may set its own
INGEST = {
    "BODY_BYTES": env.int("INGEST_BODY_BYTES", default=10 * 1024 * 1024),
    "ITEM_BYTES": env.int("INGEST_ITEM_BYTES", default=32 * 1024),
    "ITEMS": env.int("INGEST_ITEMS", default=2500),
    "QUIET_SECONDS": env.int("INGEST_QUIET_SECONDS", default=10),
    "QUIET_LIMIT_SECONDS": env.int("INGEST_QUIET_LIMIT_SECONDS", default=60),
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# Safety
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
HTTPS = env.bool("HTTPS", default=False)  # set to on when a proxy in front speaks TLS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"one_line": {"()": "crm.lib.logs.OneLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "django.request": {"filters": ["one_line"]},
        "django-q": {"level": env.str("WORKER_LOG_LEVEL", default="WARNING")},
    },
}
