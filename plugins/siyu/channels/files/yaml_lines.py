"""YAML in which every value is text and knows its line.

Here: a document as plain dicts, lists and strings, and the line each of them starts on. Values stay as written:
`NO`, `007` and `2020-01-01` are words of the person who wrote them, not a boolean, an octal and a date.
"""

from pathlib import Path
from typing import Any

import yaml

from siyu.errors import UsageError

Position = tuple[str | int, ...]
MAX_DEPTH = 40


class YamlLines:
    """A YAML document: `data` (dicts, lists, strings, None for an empty value) and the line of every part."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[Position, int] = {}
        try:
            node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
        except FileNotFoundError as error:
            raise UsageError(f"{path} is not there", expected="a mapping", do="check its name") from error
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} cannot be read as UTF-8 text", expected="a YAML mapping") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            raise UsageError(
                f"{path}:{line}: not YAML: {getattr(error, 'problem', error)}", do="mend the line"
            ) from error
        self.data: Any = None if node is None else self._value(node, ())

    def line_of(self, position: Position) -> int:
        """The line of the part at `position`, or of the nearest part around it."""
        while position and position not in self._lines:
            position = position[:-1]
        return self._lines.get(position, 1)

    def _value(self, node: yaml.Node, position: Position) -> Any:
        self._lines.setdefault(position, node.start_mark.line + 1)
        if len(position) > MAX_DEPTH:
            raise UsageError(f"{self.path}:{node.start_mark.line + 1}: nested more than {MAX_DEPTH} deep")
        if isinstance(node, yaml.MappingNode):
            content: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key, line = str(key_node.value), key_node.start_mark.line + 1
                if key in content:
                    raise UsageError(
                        f"{self.path}:{line}: the key {key!r} is given twice", do="keep one of them"
                    )
                self._lines[(*position, key)] = line
                content[key] = self._value(value_node, (*position, key))
            return content
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*position, index)) for index, item in enumerate(node.value)]
        is_empty = node.value == "" and getattr(node, "style", None) is None
        return None if is_empty else node.value
