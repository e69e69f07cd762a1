"""A thread of the web server that ends closes its database connection.

Granian ends threads that have had nothing to do for half a minute, and starts others when they are needed.
Django keeps a connection for each thread, in objects that refer to one another, so that Python closes it
only once its collector comes to them: on a server that is used now and then PostgreSQL ran out of
connections first.
"""

import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.db import connections


class _End:
    """Kept by a thread and by nothing else, so that it goes in the moment in which the thread ends."""

    def __init__(self) -> None:
        self._connections = connections.all()

    def __del__(self) -> None:
        for connection in self._connections:
            connection.close()


_thread = threading.local()


def closing_at_its_end(application: WSGIApplication) -> WSGIApplication:
    """The application, for threads that come and go."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not hasattr(_thread, "end"):
            _thread.end = _End()
        return application(environ, start_response)

    return serve
