"""Settings of the bare site: no sessions, no login, no middleware but that which sets Content-Length."""

import os

import dj_database_url

DEBUG = False
SECRET_KEY = "the bare site keeps no secret, it is only measured"  # noqa: S105
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["bench.bare"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "bench.bare.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {
    "default": {
        **dj_database_url.parse(os.environ["DATABASE_URL"]),
        "CONN_MAX_AGE": 60,
        "OPTIONS": {"server_side_binding": True, "prepare_threshold": 5},
    }
}
USE_TZ = True
