import pytest

from tests.payments.fake_gateway import FakeGateway, install


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    """A gateway in memory behind every sandbox account."""
    return install(monkeypatch)
