"""Reads `services/<name>.yaml`. Every mistake is told at once, with its file, line and key."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from slipway.errors import InvalidInput
from slipway.service import Service
from slipway.text import printable, redacted


def read_service(folder: Path, name: str) -> Service:
    """The service called `name` from the files in `folder`.

    Raises InvalidInput when there is no such file, or anything in it is not acceptable.
    """
    path = folder / f"{name}.yaml"
    known = service_names(folder)
    if name not in known:
        raise InvalidInput(
            f"there is no service '{name}': {path} does not exist",
            f"known services in {folder}: {', '.join(known) or 'none'}",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"cannot read {path}: {error}", "make it a UTF-8 text file") from None
    return parse_service(text, str(path), name)


def service_names(folder: Path) -> list[str]:
    """Names of the services that have a file in `folder`, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def parse_service(text: str, file: str, name: str) -> Service:
    """`text` as a service; `file` names it in errors. Raises InvalidInput."""
    document = _load(text, file)
    try:
        service = Service.model_validate(document)
    except ValidationError as error:
        raise InvalidInput(
            "\n".join(_sentence(file, document, i) for i in error.errors() if not _follows(i)),
            "correct the service file; nothing was touched",
        ) from None
    if service.service != name:
        raise InvalidInput(
            f"{file}:{_line(document, ('service',))}: service: '{service.service}' is not the"
            f" file's name",
            f"call the file {service.service}.yaml, or write 'service: {name}'",
        )
    return service


def _load(text: str, file: str) -> CommentedMap:
    hint = "a service file is one YAML mapping; see services/service.schema.json"
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise InvalidInput(f"{file}:{line}: not valid YAML: {error.problem}", hint) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise InvalidInput(f"{file}:1: not valid YAML: {printable(str(error))}", hint) from None
    if not isinstance(document, CommentedMap):
        raise InvalidInput(f"{file}:1: the file holds no mapping", hint)
    return document


def _sentence(file: str, document: CommentedMap, issue: Any) -> str:
    location = tuple(part for part in issue["loc"] if part != "function-after")
    where = f"{file}:{_line(document, location)}: {_key(location) or 'the file'}"
    message = issue["msg"].removeprefix("Value error, ")
    match issue["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key; {_allowed(location)}"
        case "missing":
            return f"{where}: missing; {_allowed(location, verb='the keys here are')}"
        case "value_error" if not location:
            return f"{file}:{_line_of_message(document, message)}: {message}"
        case _:
            return f"{where}: {message} (found {redacted(repr(issue['input'])):.60})"


def _follows(issue: Any) -> bool:
    """Whether the issue only repeats that the items of a list, told one by one, are not good."""
    return issue["type"] == "too_short" and bool(issue["input"])


def _line_of_message(document: CommentedMap, message: str) -> int:
    """Line of `environments[1].after` when a message about the whole file names it so."""
    key = message.split(":", maxsplit=1)[0]
    if not key.startswith("environments["):
        return 1
    index, _, rest = key.removeprefix("environments[").partition("].")
    return _line(document, ("environments", int(index), rest))


def _key(location: Sequence[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".")


def _line(document: Any, location: Sequence[str | int]) -> int:
    """1-based line of the deepest part of `location` that the document holds."""
    line, node = 1, document
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            line = node.lc.key(part)[0] + 1
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line = node.lc.item(part)[0] + 1
        else:
            break
        node = node[part]
    return line


def _allowed(location: Sequence[str | int], verb: str = "allowed here") -> str:
    """The keys that the model knows beside the last part of `location`, nearest first."""
    keys = list(_fields_at(Service, location[:-1]))
    near = difflib.get_close_matches(str(location[-1]), keys, n=1)
    hint = f"did you mean '{near[0]}'? " if near and near[0] != location[-1] else ""
    return f"{hint}{verb}: {', '.join(keys)}"


def _fields_at(model: type[BaseModel], location: Sequence[str | int]) -> Mapping[str, object]:
    for part in location:
        if isinstance(part, int):
            continue
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                model = _model_in(field.annotation) or model
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `tuple[Environment, ...]` or `Gate | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
