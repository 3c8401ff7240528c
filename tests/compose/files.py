"""What docker-compose.yml and the Dockerfile say, read as Docker would read them."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from siyu.settings import PROJECT

COMPOSE = PROJECT / "docker-compose.yml"
DOCKERFILE = PROJECT / "Dockerfile"
DOCKERIGNORE = PROJECT / ".dockerignore"
ONE_SHOT = "no"  # the restart policy of a service that ends by itself

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def compose_file(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with its `${…}` replaced; a required variable that is missing raises KeyError."""

    def replaced(match: re.Match[str]) -> str:
        name, kind, word = match.groups()
        return variables.get(name, word) if kind == "-" else variables[name]

    text = COMPOSE.read_text(encoding="utf-8")
    return dict(yaml.safe_load(_VARIABLE.sub(replaced, text)))


def instructions() -> list[tuple[str, str]]:
    """(instruction, rest) of each line of the Dockerfile; continued lines are one."""
    text = re.sub(r"(?m)^\s*#.*\n?", "", DOCKERFILE.read_text(encoding="utf-8")).replace("\\\n", " ")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line]


def copied_from_project() -> list[Path]:
    """What the Dockerfile copies out of the build context, relative to the project."""
    return [
        Path(source)
        for instruction, rest in instructions()
        if instruction == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]


def image_environment() -> dict[str, str]:
    """ENV of the last stage."""
    last = max(number for number, (instruction, _) in enumerate(instructions()) if instruction == "FROM")
    words = [
        word
        for instruction, rest in instructions()[last:]
        if instruction == "ENV"
        for word in shlex.split(rest)
    ]
    return dict(word.split("=", 1) for word in words)


def seconds(duration: str) -> int:
    """`1m`, `30s` as seconds."""
    return int(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]]
