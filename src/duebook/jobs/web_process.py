"""Granian, with workers that are spawned.

A forked worker inherits the signal handlers of its parent, which do nothing in it. Asked to stop while it
still loads the application, it would serve on until it is killed, LONGEST_REQUEST_SECONDS later.
"""

import multiprocessing

from granian.cli import entrypoint

# A spawned worker imports this file again, under another name.
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    entrypoint()  # type: ignore[no-untyped-call]
