"""A wrong word on the command line as an error of siyu: what was found, what was expected, what to do.

Here: reading typer's exceptions. Not here: how an error is printed (main).

typer tells its exceptions apart by classes that it keeps to itself, so they are read by what they carry.
"""

from typing import Any

import typer

from siyu.errors import UsageError


def is_help(error: typer.TyperException) -> bool:
    """Whether this is no error: a group of commands was named and none of them, so its help is shown."""
    return type(error).__name__ == "NoArgsIsHelpError"


def usage_error(error: typer.TyperException) -> UsageError:
    """The same in the words of siyu; it names the command whose help shows an example."""
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    do = f"{context.command_path if context else 'siyu'} --help shows an example"
    if parameter is not None and not error.message:
        return UsageError(f"{_name(parameter)} is missing", expected=_meaning(parameter), do=do)
    if parameter is not None:
        found, expected = _value(error)
        return UsageError(f"{_name(parameter)} is {found}", expected=expected, do=do)
    found, _, guess = error.message.rstrip(".?").partition(". Did you mean ")
    found = found[:1].lower() + found[1:]
    if guess:
        return UsageError(found, expected=f"perhaps {guess}", do=do)
    return UsageError(found, expected=_known(error, context), do=do)


def _name(parameter: Any) -> str:
    """`--as-of` of an option, `FILE` of an argument."""
    is_option = parameter.param_type_name == "option"
    return str(parameter.opts[0]) if is_option else str(parameter.display_name_raw).upper()


def _meaning(parameter: Any) -> str:
    """What the help of a parameter says first, as part of a sentence."""
    text = (parameter.help or "").partition(";")[0].rstrip(".")
    return text[:1].lower() + text[1:]


def _value(error: typer.TyperException) -> tuple[str, str]:
    """What was given and what is wanted; typer's own words come from a pydantic error, which holds the value."""
    wanted = error.message.removeprefix("Value error, ").removeprefix("Input should be ")
    details: list[Any] = getattr(error.__cause__, "errors", list)()
    given = repr(str(details[0]["input"])) if details else "not understood"
    return given, wanted.partition(", unable")[0]


def _known(error: typer.TyperException, context: Any) -> str:
    """The options or commands there are, where one was named that is not among them."""
    if context is None:
        return ""
    if "No such option" in error.message:
        names = [option for parameter in context.command.params for option in parameter.opts if "-" in option]
        return f"one of {', '.join([*names, '--help'])}"
    if "No such command" in error.message:
        return f"one of {', '.join(context.command.commands)}"
    return ""
