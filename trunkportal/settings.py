"""Settings of the portal, all from the environment.

With no ``DATABASE_URL`` / ``REDIS_URL`` the embedded servers under ``TRUNKPORTAL_DATA_DIR``
are addressed (see ``trunkportal.embedded``); nothing is started from here.
"""

import hmac
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import environ
import pghistory
from cryptography.fernet import Fernet
from django.utils.translation import gettext_lazy as _

from trunkportal.embedded import addresses

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("TRUNKPORTAL_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
_embedded = addresses(DATA_DIR)
# A demo that runs there has left its ports: commands beside it take them where nothing else is set.
DEMO_ENVIRONMENT = DATA_DIR / "demo.env"
if DEMO_ENVIRONMENT.exists():
    env.read_env(DEMO_ENVIRONMENT)


def _kept(name: str, make: Callable[[], str]) -> str:
    """A secret of this installation: made once, kept in a private file of the data folder."""
    path = DATA_DIR / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make())
        with suppress(FileExistsError):
            os.link(draft, path)  # whole or not at all, and the first one stays
        draft.unlink()
    return path.read_text()


DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or _kept(
    "secret_key", lambda: secrets.token_urlsafe(48)
)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "pgtrigger",
    "pghistory",
    "crispy_forms",
    "crispy_bootstrap5",
    "formtools",
    "django_htmx",
    "django_tables2",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "trunkportal",
    "clients",
    "accounts",
    "limits",
    "rates",
    "calls",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "trunkportal.middleware.SecurityHeadersMiddleware",
    "trunkportal.middleware.NoNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "clients.middleware.TenancyMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pghistory.middleware.HistoryMiddleware",
]

ROOT_URLCONF = "trunkportal.urls"
WSGI_APPLICATION = "trunkportal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
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
                "trunkportal.context_processors.portal",
            ],
        },
    },
]

# Two roles on one database: the application role runs everything, the owner role only migrates.
_database = {
    "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
    "CONN_HEALTH_CHECKS": True,
    "DISABLE_SERVER_SIDE_CURSORS": True,
    "OPTIONS": {"prepare_threshold": None, "connect_timeout": 3},
}
DATABASES = {
    "default": env.db_url_config(env.str("DATABASE_URL", default="") or _embedded.database_url)
    | _database,
    "owner": env.db_url_config(env.str("DATABASE_OWNER_URL", default="") or _embedded.owner_url)
    | _database
    | {"CONN_MAX_AGE": 0},
}
for _alias in DATABASES.values():
    _alias["ENGINE"] = "django.db.backends.postgresql"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The store holds the policy, counters and live calls; the broker only queues.
REDIS_URL = env.str("REDIS_URL", default="") or _embedded.redis_url
BROKER_URL = env.str("BROKER_URL", default="") or _embedded.broker_url
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
# A queue with a worker of its own: what holds calls to their limits waits for no mail server.
CELERY_TASK_ROUTES = {
    "calls.sweep": {"queue": "enforcement"},
    "calls.take_in_events": {"queue": "enforcement"},
    "accounts.send_mail": {"queue": "mail"},
    "accounts.send_invitation": {"queue": "mail"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A broker that hangs holds up no page: the outbox is drained by the clock then.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 3,
    "socket_connect_timeout": 2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_TIMEZONE = "UTC"

AUTH_USER_MODEL = "clients.User"
# The limit editor sends four fields for each destination.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

EMAIL_URL = env.email_url_config(env.str("EMAIL_URL", default="smtp://127.0.0.1:1025"))
EMAIL_BACKEND = EMAIL_URL["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL_URL["EMAIL_HOST"]
EMAIL_PORT = EMAIL_URL["EMAIL_PORT"]
EMAIL_HOST_USER = EMAIL_URL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = EMAIL_URL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = bool(EMAIL_URL.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(EMAIL_URL.get("EMAIL_USE_SSL"))
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=20)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Trunk portal <portal@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
DEMO_MAIL_DIR = DATA_DIR / "mail"

# SIP: what the trunk details say, and how secrets are kept.
SIP_REALM = env.str("SIP_REALM", default="sip.localhost")
SIP_REGISTRAR = env.str("SIP_REGISTRAR", default="sip.localhost")
SIP_PORTS = env.json("SIP_PORTS", default={"UDP": 5060, "TCP": 5060})
SIP_SECRET_KEYS = env.list("SIP_SECRET_KEYS", default=[]) or [
    _kept("sip_secret_key", lambda: Fernet.generate_key().decode())
]
SWITCH_NODES = env.dict("SWITCH_NODES", default={})
# Stands in what a switch writes to its log for us; strangers write there too.
SWITCH_SPOOL_KEY = (
    env.str("SWITCH_SPOOL_KEY", default="")
    or hmac.new(SECRET_KEY.encode(), b"switch spool", "sha256").hexdigest()
)
# Where calls go while the platform has no default route in PostgreSQL; "" is nowhere (313).
DEFAULT_ROUTE = env.str("DEFAULT_ROUTE", default="udp:127.0.0.1:5070")
LONG_CALL_CEILING_MINUTES = env.int("LONG_CALL_CEILING_MINUTES", default=180)

# Enforcement intervals and leases, shortened in tests; the shipped values are these.
SWEEP_INTERVAL_SECONDS = env.float("SWEEP_INTERVAL_SECONDS", default=1.0)
INGEST_INTERVAL_SECONDS = env.float("INGEST_INTERVAL_SECONDS", default=1.0)
OUTBOX_INTERVAL_SECONDS = env.float("OUTBOX_INTERVAL_SECONDS", default=5.0)
OUTBOX_LEASE_SECONDS = env.float("OUTBOX_LEASE_SECONDS", default=60.0)
MAIL_SWEEP_SECONDS = env.float("MAIL_SWEEP_SECONDS", default=15.0)
MAIL_RETRY_SECONDS = env.float("MAIL_RETRY_SECONDS", default=60.0)
# A mail still in "sending" after this long has lost its worker; far above EMAIL_TIMEOUT.
MAIL_STALE_SECONDS = env.float("MAIL_STALE_SECONDS", default=600.0)
ONE_TIME_LINK_HOURS = env.int("ONE_TIME_LINK_HOURS", default=72)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["calls.api.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {"TITLE": "Trunk portal call control", "VERSION": "1"}

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"

# The change history: every insert, update and delete of tracked rows, by trigger.
PGHISTORY_APPEND_ONLY = True
PGHISTORY_DEFAULT_TRACKERS = (
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
)
PGHISTORY_ADMIN_CLASS = "pghistory.admin.EventsAdmin"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
