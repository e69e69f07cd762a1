"""One Stripe for all tests of its adapter, and an adapter for each."""

from collections.abc import Iterator

import pytest

from duebook.gateways.protocol import Credentials
from duebook.gateways.stripe.adapter import StripeGateway
from tests.gateways.stripe.stand_in import SECRET, StandIn, stand_in

WEBHOOK_SECRET = "whsec_of_the_tests"


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with stand_in(tmp_path_factory.mktemp("localstripe")) as server:
        yield server


@pytest.fixture
def server(_running: StandIn) -> StandIn:
    """Stripe's stand-in, with nothing recorded, broken or answered for."""
    _running.forget()
    return _running


@pytest.fixture
def gateway(server: StandIn) -> StripeGateway:
    """An adapter that waits for its answers, however slow the machine is."""
    return make_gateway(server.url)


def make_gateway(url: str, *, secret: str = SECRET, read_seconds: float = 30) -> StripeGateway:
    credentials = Credentials(
        secret=secret, public_key="pk_test_12345", webhook_secrets=(WEBHOOK_SECRET,), base_url=url
    )
    return StripeGateway(credentials, read_seconds=read_seconds)
