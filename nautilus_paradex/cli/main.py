"""The way into ``paradex-nt``: its commands, loaded when they are called.

Only names and one-line helps are here, so that ``--help`` needs no trading platform.
"""

from importlib import import_module
from typing import Final

import click

__all__ = ["main"]

# command: (module, attribute, help)
_COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "demo": (
        "nautilus_paradex.cli.demo.command",
        "demo_command",
        "Trade for half a minute on a local venue, then compare the books with its ledger.",
    ),
    "devnet": (
        "nautilus_paradex.cli.devnet",
        "devnet_command",
        "Run a local venue that speaks Paradex's protocol.",
    ),
    "run": (
        "nautilus_paradex.cli.run",
        "run_command",
        "Run a trading node from a JSON configuration.",
    ),
    "record": (
        "nautilus_paradex.cli.record",
        "record_command",
        "Record the raw frames of a live socket.",
    ),
    "replay": (
        "nautilus_paradex.cli.replay",
        "replay_command",
        "Push a recording through the live decode path, offline.",
    ),
}


class _LazyGroup(click.Group):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = _COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, attribute, _ = entry
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="paradex-nt")
def main() -> None:
    """
    The NautilusTrader adapter for Paradex.

    Not affiliated with, endorsed by, or supported by Nautech Systems Pty Ltd.
    """


if __name__ == "__main__":
    main()
