"""The command ``paradex-nt run``: a trading node from a JSON file, until a signal stops it."""

import sys
from pathlib import Path

import click

from nautilus_paradex.cli.errors import BadInput
from nautilus_paradex.cli.node import build_node, parse_node_config

__all__ = ["run_command"]


@click.command("run")
@click.argument("config", type=click.Path(path_type=Path))
def run_command(config: Path) -> None:
    """
    Run the trading node that CONFIG (a JSON file) describes. Ctrl-C stops it in good order.

    Strategies that CONFIG names are looked for in the current directory too.
    """
    sys.path.insert(0, str(Path.cwd()))  # as `python -m` does, a script's entry point does not
    try:
        raw = config.read_bytes()
    except OSError as exc:
        raise BadInput(f"cannot read {config}: {exc.strerror}") from exc
    node = build_node(raw, parse_node_config(raw))
    try:
        node.run(raise_exception=True)
    finally:
        node.dispose()
