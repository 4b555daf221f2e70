"""Mistakes of the person at the keyboard: one line that says what to do, exit status 2."""

import click

__all__ = ["BadInput"]


class BadInput(click.ClickException):
    """What was given cannot be used: a file, an option, an environment variable."""

    exit_code = 2
