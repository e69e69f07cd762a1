"""Settings as the environment makes them, each time in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOW = """
import django, json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "duebook.project.settings"
from django.conf import settings
print(json.dumps({name: getattr(settings, name, None) for name in %r}))
"""


def run(tmp_path: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a clean environment with only these variables of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DUEBOOK", "DJANGO"))}
    kept.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, *command],
        env={**kept, "DUEBOOK_HOME": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def settings(tmp_path: Path, *names: str, **variables: str) -> dict:
    """Some settings under an environment."""
    done = run(tmp_path, "-c", SHOW % (names,), **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_where_nothing_is_set_the_deploy_check_is_clean(tmp_path: Path):
    done = run(
        tmp_path,
        *(
            "-m",
            "django",
            "check",
            "--deploy",
            "--fail-level",
            "DEBUG",
            "--settings",
            "duebook.project.settings",
        ),
    )

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_https_is_relaxed_only_for_loopback(tmp_path: Path):
    names = ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "ALLOWED_HOSTS")

    strict = settings(tmp_path, *names, DUEBOOK_HOSTS="pay.example.com")
    relaxed = settings(tmp_path, *names, DUEBOOK_INSECURE_LOOPBACK="1")

    assert strict == {
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "ALLOWED_HOSTS": ["pay.example.com"],
    }
    assert relaxed == {
        "SECURE_SSL_REDIRECT": False,
        "SESSION_COOKIE_SECURE": False,
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
    }


@pytest.mark.parametrize(
    ("names", "address"),
    [
        ("pay.example.com", "https://pay.example.com"),
        ("*,.example.com, localhost, pay.example.com, other.example.com", "https://pay.example.com"),
        (".example.com", ""),
        ("", ""),
    ],
)
def test_messages_lead_to_the_first_name_that_is_one_place(tmp_path: Path, names: str, address: str):
    assert settings(tmp_path, "PUBLIC_URL", DUEBOOK_HOSTS=names) == {"PUBLIC_URL": address}


@pytest.mark.parametrize("flag", ["DUEBOOK_INSECURE_LOOPBACK", "DUEBOOK_DEBUG"])
def test_a_public_name_without_https_or_with_debug_is_refused(tmp_path: Path, flag: str):
    done = run(tmp_path, "-c", SHOW % (("DEBUG",),), DUEBOOK_HOSTS="pay.example.com", **{flag: "1"})

    assert done.returncode != 0
    assert "answers only on this machine" in done.stderr


def test_the_secret_key_is_made_once_unless_it_is_given(tmp_path: Path):
    first = settings(tmp_path, "SECRET_KEY")
    second = settings(tmp_path, "SECRET_KEY")
    given = settings(tmp_path, "SECRET_KEY", DUEBOOK_SECRET_KEY="chosen elsewhere")

    assert len(first["SECRET_KEY"]) > 50
    assert second == first
    assert given["SECRET_KEY"] == "chosen elsewhere"


def test_a_given_database_goes_before_the_embedded_one(tmp_path: Path):
    (tmp_path / "database-url").write_text("postgresql://duebook@%2Ftmp%2FShort-x:5432/duebook")

    embedded = settings(tmp_path, "DATABASES")["DATABASES"]["default"]
    given = settings(tmp_path, "DATABASES", DATABASE_URL="postgresql://db.example.com/books")
    given = given["DATABASES"]["default"]

    assert (embedded["HOST"], embedded["NAME"]) == ("/tmp/Short-x", "duebook")
    assert (given["HOST"], given["NAME"]) == ("db.example.com", "books")
    assert given["OPTIONS"]["server_side_binding"] is True
    assert (given["CONN_MAX_AGE"], given["CONN_HEALTH_CHECKS"]) == (60, True)


def test_the_header_of_a_proxy_is_believed_only_when_said_so(tmp_path: Path):
    names = ("SECURE_PROXY_SSL_HEADER", "ALLAUTH_TRUSTED_PROXY_COUNT")

    assert settings(tmp_path, *names) == {"SECURE_PROXY_SSL_HEADER": None, "ALLAUTH_TRUSTED_PROXY_COUNT": 0}
    assert settings(tmp_path, *names, DUEBOOK_TRUST_PROXY="1") == {
        "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
        "ALLAUTH_TRUSTED_PROXY_COUNT": 1,
    }
