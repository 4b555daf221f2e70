"""How a command says something to whoever reads its output."""

from rich.console import Console

__all__ = ["say"]


def say(console: Console, line: str = "") -> None:
    """Print a line as it is: not broken where the console ends, its numbers not coloured."""
    console.print(line, soft_wrap=True, highlight=False, markup=False)
