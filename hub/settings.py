"""Settings: everything that differs between places comes from the environment.

With DEBUG off the process refuses to start on the development key.
"""

from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy

BASE_DIR = Path(__file__).resolve().parent.parent
DEVELOPMENT_KEY = "development-only-key-that-production-refuses"

env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default=DEVELOPMENT_KEY)
LOCAL = env.bool("HUB_LOCAL", default=False)
"""True only under the local launcher and the tests, which serve on loopback without TLS."""

if not (DEBUG or LOCAL) and (SECRET_KEY == DEVELOPMENT_KEY or len(SECRET_KEY) < 32):
    raise ImproperlyConfigured("Set SECRET_KEY to a random value of at least 32 characters.")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG or LOCAL else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_NAME = env.str("SITE_NAME", default="City Networks Hub")
SITE_URL = env.str("SITE_URL", default="http://localhost:8000")
DEMO_CONTENT = env.bool("DEMO_CONTENT", default=LOCAL)
DEMO_LOGINS = BASE_DIR / ".local" / "logins.txt"
"""Pages say that the content is for demonstration."""

INSTALLED_APPS = [
    "modeltranslation",
    "hub.apps.HubAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "csp",
    "django_htmx",
    "django_filters",
    "django_countries",
    "django_prose_editor",
    "js_asset",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rules",
    "anymail",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "common",
    "accounts",
    "vocabularies",
    "networks",
    "practices",
    "events",
    "newsletters",
    "hub",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.LimitStoreMiddleware",
    "accounts.middleware.AllauthPagesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
]

ROOT_URLCONF = "hub.urls"
WSGI_APPLICATION = "hub.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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
                "csp.context_processors.nonce",
                "common.context.site",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"


def _release():
    """Changes whenever templates or code do, so that no reader is told "unchanged" by an older release."""
    apps = ("accounts", "common", "events", "hub", "networks", "newsletters", "practices", "vocabularies")
    files = [
        *(BASE_DIR / "templates").rglob("*.html"),
        *(BASE_DIR / "locale").rglob("*.mo"),
        *(path for app in apps for path in (BASE_DIR / app).rglob("*") if path.suffix in {".py", ".typ", ".toml"}),
    ]
    return str(max((int(file.stat().st_mtime) for file in files), default=0))


RELEASE = env.str("RELEASE", default="") or _release()

# Data ----------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///hub")}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
REDIS_URL = env.str("REDIS_URL", default="redis://localhost:6379/0")

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}},
    # Shared by all processes: a limit that each of them counts by itself is none.
    "limits": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "limits",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    },
}

STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or LOCAL
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG or LOCAL
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
FILES_BY_PROXY = env.str("FILES_BY_PROXY", default="")
"""Internal address of the web server in front under which it has MEDIA_ROOT, such as /protected/; empty: served here."""

MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(BASE_DIR / "media"))
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o644

# People --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/5m/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
    "confirm_email": "1/3m/key",
    "invitation": "20/m/ip",
    "account_request": "10/m/ip,3/h/key",
    "writing_start": "20/h/user",
    "writing_save": "120/m/user",
    "writing_lookup": "240/m/user",
    "writing_upload": "20/m/user,200/d/user",
    "translation_import": "20/m/user",
    "event_registration": "30/m/ip,10/d/key",
    "newsletter_request": "20/h/ip,3/d/key",
    "newsletter_requests": "2000/h/key",
    "event_calendar": "30/m/ip,5/d/key",
}
"""Tries, period, and what they are counted by: the visitor's address, the person, or the e-mail address typed in."""
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0 if DEBUG or LOCAL else 1)
"""Proxies that set X-Forwarded-For in front of the portal: nginx counts as one. With 0 the header is ignored."""

ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
}
MFA_FORMS = {
    "authenticate": "accounts.forms.AuthenticateForm",
    "reauthenticate": "accounts.forms.MFAReauthenticateForm",
    "activate_totp": "accounts.forms.ActivateTOTPForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
    "login_webauthn": "accounts.forms.LoginPasskeyForm",
    "authenticate_webauthn": "accounts.forms.AuthenticatePasskeyForm",
    "reauthenticate_webauthn": "accounts.forms.ReauthenticatePasskeyForm",
}
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or LOCAL
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=not (DEBUG or LOCAL))
"""Who has more rights than others must set up a second factor before anything else."""

# Languages -----------------------------------------------------------------------------------

LANGUAGES = [
    ("en", "English"),
    ("fr", "Français"),
    ("ar", "العربية"),
    ("it", "Italiano"),
    ("sv", "Svenska"),
    ("ro", "Română"),
]
"""Interface and content languages, each named in itself. To add one: a line here, `makemigrations`, a `.po` file."""

COUNTRIES_OVERRIDE = {"XK": gettext_lazy("Kosovo")}
"""Beside the codes of ISO 3166: the one that GeoNames and the European institutions use."""

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["hub.formats"]
CONTENT_FALLBACK = env.str("CONTENT_FALLBACK", default="source")
"""After the reader's language: "source" shows the record's own language, "en" tries English first."""

MACHINE_TRANSLATION = {
    "PROVIDER": env.str("MACHINE_TRANSLATION_PROVIDER", default=""),
    "URL": env.str("MACHINE_TRANSLATION_URL", default=""),
    "KEY": env.str("MACHINE_TRANSLATION_KEY", default=""),
}
"""Off while no provider is named: "libretranslate" or "deepl". Texts of published practices are sent to its URL."""

USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Brussels")
LOCALE_PATHS = [BASE_DIR / "locale"]
# Numbers for readers go through the filter `number`; all others are keys, and "1,339" in a form is nobody's.
USE_THOUSAND_SEPARATOR = False
MODELTRANSLATION_DEFAULT_LANGUAGE = "en"
MODELTRANSLATION_FALLBACK_LANGUAGES = ()
MODELTRANSLATION_ENABLE_FALLBACKS = True
JQUERY_UI_URL = None

LEMMA_CACHE = env.str("LEMMA_CACHE", default=str(BASE_DIR / ".local" / "lemmas"))
"""Folder of the search dictionaries, built on first use."""

# Background work -----------------------------------------------------------------------------

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL.replace("unix://", "redis+socket://"))
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ROUTES = {
    # The worker of the queue "celery" has nothing to do with mail in bulk, so mails to one person never wait behind it.
    "newsletters.tasks.send_bulk": {"queue": "bulk"},
    "newsletters.tasks.prepare_bulk": {"queue": "render"},
}
CELERY_BEAT_SCHEDULE_FILENAME = env.str("CELERY_BEAT_SCHEDULE", default=str(BASE_DIR / ".local" / "beat-schedule"))
CELERY_BEAT_SCHEDULE = {
    "beat-heartbeat": {"task": "common.tasks.record_beat", "schedule": 30.0},
    "catch-up-index": {"task": "practices.tasks.catch_up_index", "schedule": crontab(hour=2, minute=30)},
    "forget-unconfirmed-requests": {"task": "accounts.tasks.forget_unconfirmed", "schedule": 24 * 3600.0},
    "send-outbox": {"task": "common.tasks.send_outbox", "schedule": 60.0},
    "summarise-outbox": {"task": "common.tasks.summarise_outbox", "schedule": 300.0},
    "forget-outbox-texts": {"task": "common.tasks.forget_outbox_texts", "schedule": crontab(hour=3, minute=10)},
    "remind-of-due-reviews": {"task": "practices.tasks.remind_of_due_reviews", "schedule": crontab(hour=6, minute=15)},
    "settle-events": {"task": "events.tasks.settle_due", "schedule": 60.0},
    "resume-certificates": {"task": "events.tasks.resume_certificates", "schedule": 60.0},
    "remind-of-events": {"task": "events.tasks.remind", "schedule": 300.0},
    "remind-of-reports": {"task": "events.tasks.remind_of_reports", "schedule": crontab(hour=6, minute=30)},
    "forget-of-events": {"task": "events.tasks.forget", "schedule": crontab(hour=3, minute=20)},
    "forget-participants": {"task": "events.tasks.forget_participants", "schedule": crontab(hour=3, minute=40)},
    "check-events": {"task": "events.tasks.check", "schedule": crontab(hour=2, minute=45)},
    "follow-zone-rules": {"task": "events.tasks.follow_zone_rules", "schedule": 3600.0},
    "remind-of-actions": {"task": "events.tasks.remind_of_actions", "schedule": crontab(hour=6, minute=30)},
    # A hint that nobody took within the minute is followed by the next.
    "prepare-bulk": {
        "task": "newsletters.tasks.prepare_bulk",
        "schedule": env.float("BULK_EVERY_SECONDS", default=60.0),
        "options": {"expires": 55},
    },
    "send-bulk": {
        "task": "newsletters.tasks.send_bulk",
        "schedule": env.float("BULK_EVERY_SECONDS", default=60.0),
        "options": {"expires": 55},
    },
    "forget-subscribers": {"task": "newsletters.tasks.forget", "schedule": crontab(hour=3, minute=50)},
    "watch-bulk": {"task": "newsletters.tasks.watch", "schedule": 300.0},
    "refresh-lexicon": {"task": "practices.tasks.refresh_lexicon", "schedule": 3600.0},
}

# Events --------------------------------------------------------------------------------------


def checked_days(name, days, least=30):
    """Fewer would be a slip: people are still needed for the report, for certificates and for feedback."""
    if days < least:
        raise ImproperlyConfigured(f"{name} is {days}; it must be at least {least}.")
    return days


EVENT_PARTICIPANTS_KEPT_DAYS = checked_days(
    "EVENT_PARTICIPANTS_KEPT_DAYS", env.int("EVENT_PARTICIPANTS_KEPT_DAYS", default=365)
)
"""So long after an event names and addresses of those who took part are kept; told to them when they register."""

EVENT_NEEDS_KEPT_DAYS_WITHOUT_DATE = checked_days(
    "EVENT_NEEDS_KEPT_DAYS_WITHOUT_DATE", env.int("EVENT_NEEDS_KEPT_DAYS_WITHOUT_DATE", default=90), least=1
)
"""So long access and food needs are kept while an event is postponed and has no new date."""

# Mail ----------------------------------------------------------------------------------------

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
if env.str("EMAIL_BACKEND", default=""):
    # A provider's programming interface instead of SMTP, such as anymail.backends.mailgun.EmailBackend.
    EMAIL_BACKEND = env.str("EMAIL_BACKEND")
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=30)
ANYMAIL = env.json("ANYMAIL", default={})
"""Keys of the mail provider, and WEBHOOK_SECRET ("user:password"), without which it cannot tell us of bounces."""
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="City Networks Hub <noreply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
DKIM_DOMAIN = env.str("DKIM_DOMAIN", default="")
DKIM_SELECTOR = env.str("DKIM_SELECTOR", default="hub")
DKIM_PRIVATE_KEY = env.str("DKIM_PRIVATE_KEY", default="", multiline=True)
"""Only where the mail server does not sign: newsletters and digests sent by SMTP then carry our own signature."""
if DKIM_DOMAIN and not DKIM_PRIVATE_KEY:
    raise ImproperlyConfigured("DKIM_DOMAIN is set: set DKIM_PRIVATE_KEY too.")
DELIVERY_LEASE_SECONDS = env.int("DELIVERY_LEASE_SECONDS", default=300)
SENDER_ADDRESS = env.str("SENDER_ADDRESS", default="")
"""Postal address of who sends, and what else the law asks for: stands under newsletters and digests."""
ADDRESS_HASH_KEY = env.str("ADDRESS_HASH_KEY", default="") or SECRET_KEY
"""By it suppressed addresses are known after they were forgotten. It must outlive SECRET_KEY, so it is one of its own."""
ADDRESS_HASH_KEY_IS_SET = bool(env.str("ADDRESS_HASH_KEY", default=""))

# Security ------------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "hub.views.forged"
if not (DEBUG or LOCAL):
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=365 * 24 * 3600)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=True)
    SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=True)
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}

# API -----------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.api.explain",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "City Networks Hub",
    "DESCRIPTION": "Good practices and events of cities, their networks and vocabularies, in every language they exist in.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Log -----------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "common.logs.OneLineFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}

SILENCED_SYSTEM_CHECKS: list[str] = []
