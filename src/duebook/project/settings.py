"""Django's settings, read from the environment. What is not set is secure.

Only DUEBOOK_INSECURE_LOOPBACK=1, which `duebook serve --local` sets for its children, relaxes HTTPS, and then
only the names of this very machine are answered.
"""

import os
import secrets

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from duebook.jobs import home
from duebook.project.email_url import email_settings

LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"]


def _flag(name: str) -> bool:
    return os.environ.get(name, "") == "1"


def _names(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


DEBUG = _flag("DUEBOOK_DEBUG")
INSECURE_LOOPBACK = _flag("DUEBOOK_INSECURE_LOOPBACK")
TRUST_PROXY = _flag("DUEBOOK_TRUST_PROXY")

ALLOWED_HOSTS = _names("DUEBOOK_HOSTS") or LOOPBACK_NAMES
if (INSECURE_LOOPBACK or DEBUG) and not set(ALLOWED_HOSTS) <= set(LOOPBACK_NAMES):
    raise ImproperlyConfigured(
        "Without HTTPS, or with DEBUG, Duebook answers only on this machine. Unset DUEBOOK_HOSTS."
    )

# For messages that no request sets off. A wildcard is no one place, and loopback is another machine there.
_PUBLIC_NAMES = [name for name in ALLOWED_HOSTS if name[0] not in ".*" and name not in LOOPBACK_NAMES]
PUBLIC_URL = f"https://{_PUBLIC_NAMES[0]}" if _PUBLIC_NAMES else ""

SECRET_KEY = os.environ.get("DUEBOOK_SECRET_KEY") or home.read_or_create_secret(
    home.SECRET_KEY_FILE, lambda: secrets.token_urlsafe(64)
)
SECRET_KEY_FALLBACKS = _names("DUEBOOK_SECRET_KEY_FALLBACKS")

INSTALLED_APPS = [
    "duebook.web",
    "duebook.portal",
    "duebook.events",
    "duebook.staff",
    "duebook.ledger",
    "duebook.contacts",
    "duebook.catalog",
    "duebook.gateways",
    "duebook.partners",
    "duebook.orders",
    "duebook.invoices",
    "duebook.commissions",
    "duebook.payments",
    "duebook.sales",
    "duebook.reports",
    "duebook.imports",
    "duebook.jobs",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "duebook.web.middleware.BusinessMiddleware",
]

FORM_RENDERER = "duebook.web.renderer.PageFormRenderer"
ROOT_URLCONF = "duebook.project.urls"
WSGI_APPLICATION = "duebook.project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "duebook.web.context.page",
            ],
        },
    },
]

# One connection is bound to each of the server's few threads. With server-side binding and the threshold,
# PostgreSQL plans a statement only once when it returns so often; the health check spares the first request
# after a database restart.
_database = dj_database_url.parse(
    os.environ.get("DATABASE_URL") or home.embedded_database_url() or "postgresql:///duebook"
)
DATABASES = {
    "default": {
        **_database,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**_database.get("OPTIONS", {}), "server_side_binding": True, "prepare_threshold": 5},
    },
}

# In the database, so that the login limits count for all processes together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # By default the 301st entry throws others out, and with them limits and the links of partners.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}

# Login

AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "duebook.project.login.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "duebook.web.forms.entrance.StaffLoginForm",
    "reset_password": "duebook.web.forms.entrance.ForgottenPasswordForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# The owner, who makes the users, vouches for their addresses.
ACCOUNT_EMAIL_VERIFICATION = "none"
# A stranger's address gets nothing: nobody signs up, and Duebook mails nobody on a passer-by's word.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if INSECURE_LOOPBACK else "https"
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if TRUST_PROXY else 0

MFA_ADAPTER = "duebook.project.login.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Duebook"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = INSECURE_LOOPBACK

SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_HTTPONLY = True

# Transport and browser rules

if not INSECURE_LOOPBACK:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "style-src": [SELF],
        "script-src": [SELF, NONCE],
        # Tabler draws its select and checkbox marks, and allauth its QR code, from data: addresses.
        "img-src": [SELF, "data:"],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    "camera": [],
    "geolocation": [],
    "microphone": [],
    "payment": [],
    "usb": [],
}

# Language and time: the business's own zone and locale are settings of the business, not of the server.

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files, collected by `duebook serve` and served by WhiteNoise

STATIC_URL = "/static/"
STATIC_ROOT = home.home() / "static"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
MEDIA_ROOT = home.home() / "media"

# Mail: an SMTP server by address, else one file a message in DUEBOOK_HOME/mail.

DEFAULT_FROM_EMAIL = os.environ.get("DUEBOOK_EMAIL_FROM", "duebook@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_SUBJECT_PREFIX = ""
EMAIL_FILE_PATH = home.home() / "mail"
globals().update(email_settings(os.environ.get("DUEBOOK_EMAIL_URL", "")))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {
        "standard_error": {"class": "logging.StreamHandler", "formatter": "line"},
    },
    "root": {"handlers": ["standard_error"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["standard_error"], "level": "WARNING", "propagate": False},
        "duebook": {"level": "INFO"},
        "procrastinate": {"level": "INFO"},
        "procrastinate.blueprints": {"level": "WARNING"},
        "procrastinate.periodic": {"level": "WARNING"},
    },
}
