"""How a command ends when it cannot do its work: one line that says what to do, never a traceback.

Status 2 for a mistake of the person at the keyboard, 1 for everything else.
"""

import click

__all__ = ["BadInput", "CommandFailed"]


class BadInput(click.ClickException):
    """What was given cannot be used: a file, an option, an environment variable."""

    exit_code = 2


class CommandFailed(click.ClickException):
    """What was asked for could not be done, or has not been done as it should."""

    exit_code = 1
