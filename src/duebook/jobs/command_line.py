"""The `duebook` command."""


def main() -> None:
    """Run the command line."""
