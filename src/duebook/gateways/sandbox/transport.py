"""One request to the sandbox, and what its failing says of what may have happened.

| what came back | raised |
| --- | --- |
| nobody listens, no such name, no connection within its time | NothingHappened |
| 401, 403 | Misconfigured |
| 404 | NoSuchObject |
| 400, 422 | NothingHappened |
| 409, 429 | Busy |
| anything else after the request was sent | OutcomeUnknown |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from duebook.gateways.clock import date_of
from duebook.gateways.protocol import (
    Busy,
    Credentials,
    Misconfigured,
    NoSuchObject,
    NothingHappened,
    OutcomeUnknown,
)

BAD_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)
REFUSED = {400, 422}
REFUSED_FOR_ALL = {401, 403}
BUSY = {409, 429}


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON object; ``replayed`` where it is the one given when the key was first used.

    ``answered_at`` is now, by the gateway's clock.
    """

    values: dict[str, Any]
    replayed: bool
    answered_at: datetime | None = None


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


@dataclass(frozen=True, slots=True)
class Transport:
    """One connection for requests in succession, no retries, no redirects, nothing from the environment."""

    credentials: Credentials
    default_url: str
    connect_seconds: float
    read_seconds: float
    _session: requests.Session = field(default_factory=_session, repr=False)

    def send(
        self,
        method: str,
        path: str,
        *,
        key: str = "",
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to a request. Raises GatewayError."""
        headers = {"Authorization": f"Bearer {self.credentials.secret}"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            response = self._session.request(
                method,
                (self.credentials.base_url or self.default_url).rstrip("/") + path,
                headers=headers,
                json=body,
                params=query,
                timeout=(self.connect_seconds, self.read_seconds),
                allow_redirects=False,
            )
        except BAD_ADDRESS as error:
            raise Misconfigured("The card processor's address or secret cannot be used.") from error
        except requests.exceptions.ConnectTimeout as error:
            raise NothingHappened("The card processor could not be reached in time.") from error
        except requests.exceptions.ConnectionError as error:
            if _never_connected(error):
                raise NothingHappened("The card processor could not be reached.") from error
            raise OutcomeUnknown("The connection broke before an answer came.") from error
        except requests.exceptions.RequestException as error:
            raise OutcomeUnknown("No answer came that can be read.") from error
        return _read(response)


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the request cannot have left: no connection was ever made."""
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError | NameResolutionError)


def _read(response: requests.Response) -> Answer:
    status = response.status_code
    try:
        values = response.json()
    except ValueError:
        values = None
    if status == 200 and isinstance(values, dict):
        return Answer(
            values,
            replayed=response.headers.get("Idempotent-Replayed") == "true",
            answered_at=date_of(response.headers),
        )
    reason, code = _why(values, status)
    if status in REFUSED_FOR_ALL:
        raise Misconfigured(reason, code=code)
    if status == 404:
        raise NoSuchObject(reason, code=code)
    if status in REFUSED:
        raise NothingHappened(reason, code=code)
    if status in BUSY:
        raise Busy(reason, code=code)
    raise OutcomeUnknown(reason, code=code)


def _why(values: Any, status: int) -> tuple[str, str]:
    error = values.get("error") if isinstance(values, dict) else None
    if not isinstance(error, dict):
        return f"The card processor answered {status}, which cannot be read.", ""
    return str(error.get("message", "")), str(error.get("code", ""))
