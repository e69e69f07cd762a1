"""Become another program, in a session of its own, that the kernel ends when its parent ends.

Run by path as a script of its own, so that nothing of Duebook is loaded: PARENT SIGNAL UID GID PROGRAM
ARGUMENT... A UID of -1 keeps the account. The order matters: changing the account clears the parent-death
signal.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Drop privileges, tie to the parent, then execute the program."""
    parent, death_signal, user_id, group_id = map(int, arguments[:4])
    program = arguments[4:]
    os.setsid()
    if user_id != -1:
        os.setgroups([])
        os.setgid(group_id)
        os.setuid(user_id)
        os.umask(0o077)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        # The parent ended before the tie was made.
        sys.exit(1)
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
