"""The one way a command ends without success: a sentence for the person at the keyboard, no traceback."""


class CommandFailed(Exception):
    """What went wrong and what to do about it."""
