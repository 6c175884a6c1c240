"""What the demo shows in a terminal, and how it asks."""

import select
import sys
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table

MARKS = {"COMPLETED": "[green]✓[/]", "FAILED": "[red]✗[/]", "CRASHED": "[red]✗[/]"}


class Screen:
    """One console, with the few shapes the story needs."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)

    def title(self, text: str, subtitle: str) -> None:
        self.console.print(Panel(f"[bold]{text}[/]\n[dim]{subtitle}[/]", expand=False))

    def say(self, text: str) -> None:
        self.console.print(text)

    def step(self, name: str, state: str, seconds: float) -> None:
        """One finished step of the run."""
        mark = MARKS.get(state, "[yellow]•[/]")
        self.console.print(f"  {mark} {name:<42} [dim]{seconds:6.1f} s[/]")

    def markdown(self, text: str, title: str) -> None:
        self.console.print(Panel(Markdown(text), title=title, border_style="cyan"))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = Table(title=title, title_justify="left", title_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print(table)

    def ask(self, text: str, default: str, over: Callable[[], bool]) -> str | None:
        """A line from the terminal; None when `over()` says that the answer came elsewhere."""
        self.console.print(f"[bold]{text}[/] [dim]({default})[/] ", end="")
        while not over():
            if not sys.stdin.isatty():
                select.select([], [], [], 1.0)
            elif select.select([sys.stdin], [], [], 0.5)[0]:
                return sys.stdin.readline().strip() or default
        self.console.print()
        return None


def took(task_run: dict[str, Any]) -> float:
    """Seconds a task run has been running."""
    return float(task_run.get("total_run_time") or 0)
