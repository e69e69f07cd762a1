"""Settings of the test run: the product's own, without HTTPS, slow password hashing and collected static
files."""

import os
from pathlib import Path
from tempfile import gettempdir

os.environ["DUEBOOK_HOME"] = str(Path(gettempdir()) / f"duebook-test-home-{os.getpid()}")
os.environ["DUEBOOK_INSECURE_LOOPBACK"] = "1"
os.environ["DUEBOOK_SECRET_KEY"] = "a key for tests that seals nothing worth having, 64 characters long"

from duebook.project.settings import *  # noqa: F403
from duebook.project.settings import MIDDLEWARE, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise.")]
