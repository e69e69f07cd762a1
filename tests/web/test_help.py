"""The guide inside the product: its pages, pictures and links, and nothing else from the disk."""

from pathlib import Path

import pytest
from django.test import Client

from duebook.web import guide
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db

TEXT = """# Add a payment

Click **Apply Payment** <script>alert(1)</script>, see [the other](other-page.md) or
[this](javascript:alert(1)).

| label | what |
| --- | --- |
| Amount | what came in |

![The form](../images/add-payment.png)
"""


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docs folder with one guide, one picture, and a secret beside them."""
    (tmp_path / "docs/guide").mkdir(parents=True)
    (tmp_path / "docs/images").mkdir()
    (tmp_path / "docs/guide/add-a-payment.md").write_text(TEXT, encoding="utf-8")
    (tmp_path / "docs/images/add-payment.png").write_bytes(b"picture")
    (tmp_path / "docs/secret.md").write_text("# Secret", encoding="utf-8")
    (tmp_path / "secret.png").write_bytes(b"secret")
    monkeypatch.setattr(guide, "_PLACES", (tmp_path / "docs",))
    return tmp_path


def test_every_page_leads_to_the_guide(client: Client) -> None:
    sign_in(client)

    assert '<a href="/help/">Help</a>' in client.get("/contacts/").content.decode()


def test_a_page_shows_its_text_and_html_as_text(client: Client, docs: Path) -> None:
    sign_in(client)

    answer = client.get("/help/add-a-payment/")

    body = answer.content.decode()
    assert "<strong>Apply Payment</strong> &lt;script&gt;alert(1)&lt;/script&gt;" in body
    assert '<a href="/help/other-page/">the other</a>' in body
    assert 'href="javascript' not in body
    assert "<td>what came in</td>" in body
    assert 'src="/help/pictures/images/add-payment.png"' in body
    assert "<title>Add a payment · Duebook</title>" in body


def test_a_picture_of_the_guide_is_served(client: Client, docs: Path) -> None:
    sign_in(client)

    answer = client.get("/help/pictures/images/add-payment.png")

    assert answer["Content-Type"] == "image/png"
    assert b"".join(answer.streaming_content) == b"picture"


@pytest.mark.parametrize(
    "address",
    [
        "/help/secret/",
        "/help/nothing/",
        "/help/pictures/secret.md",
        "/help/pictures/guide/add-a-payment.md",
        "/help/pictures/images/../../secret.png",
        "/help/pictures/images/%2e%2e/%2e%2e/secret.png",
        "/help/pictures//etc/passwd",
    ],
)
def test_nothing_else_from_the_disk_is_served(client: Client, docs: Path, address: str) -> None:
    sign_in(client)

    assert client.get(address).status_code == 404


def test_the_list_names_every_page(client: Client, docs: Path) -> None:
    sign_in(client)

    answer = client.get("/help/")

    assert "Add a payment" in text_of(answer)
    assert "/help/add-a-payment/" in answer.content.decode()
