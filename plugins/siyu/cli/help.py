"""How `siyu --help` reads: the commands in the order in which a person meets them, on one screen.

Here: the chapters and their layout. Not here: what a command's own help says (its docstring).
"""

from typing import Any

from typer.core import TyperGroup

BEGIN = "Begin"
EVERY_NIGHT = "Every night"
MENDING = "When something is wrong"
KEEPING = "Serve, keep, measure"
CHAPTERS = (BEGIN, EVERY_NIGHT, MENDING, KEEPING)


class Story(TyperGroup):
    """The group of all commands; a command says its chapter as its `rich_help_panel`."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """One line: which options there are, each command says itself."""
        formatter.write_usage(ctx.command_path, "COMMAND …")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The chapters; the two options of `siyu` itself stand in the line below them."""
        commands = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        width = max(len(name) for name, _ in commands)
        room = formatter.width - width - 4  # two before the name, two after it
        for chapter in CHAPTERS:
            with formatter.section(chapter):
                formatter.write_dl(
                    [
                        (name.ljust(width), command.get_short_help_str(room))
                        for name, command in commands
                        if getattr(command, "rich_help_panel", None) == chapter
                    ]
                )
