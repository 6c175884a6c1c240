"""GitHub's own description of its REST API: which requests it knows, and what it answers."""

import functools
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import jsonschema

DESCRIPTION: dict[str, Any] = json.loads(
    Path(__file__).with_name("github-openapi-subset.json").read_text()
)
EVERYWHERE = {400, 401, 403, 404, 502}  # not described for each request


def _json_schema(value: Any, *, complete: bool) -> Any:
    """OpenAPI's nullable as JSON schema has it, and no property that is not described.

    A stand-in need not have every property: unless `complete`, none is required.
    """
    if isinstance(value, list):
        return [_json_schema(item, complete=complete) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return {"$ref": value["$ref"]}
    known = {k: _json_schema(v, complete=complete) for k, v in value.items() if k != "properties"}
    if "properties" in value:
        inner = value["properties"].items()
        known["properties"] = {k: _json_schema(v, complete=complete) for k, v in inner}
        known["additionalProperties"] = False
    if not complete:
        known.pop("required", None)
    if known.pop("nullable", False):
        known = {"anyOf": [known, {"type": "null"}]}
    return known


@functools.cache
def _validator(schema: str, *, complete: bool) -> jsonschema.Draft4Validator:
    schemas = _json_schema(DESCRIPTION["schemas"], complete=complete)
    root = _json_schema(json.loads(schema), complete=complete)
    return jsonschema.Draft4Validator({**root, "schemas": schemas})


def check(schema: Any, value: Any, *, complete: bool = False) -> None:
    """Raise unless the value is what the schema describes."""
    _validator(json.dumps(schema), complete=complete).validate(value)


def operation(method: str, path: str) -> Any:
    """What is described for a request to the API, or to where files go."""
    path = re.sub(r"^/api/(v3|uploads)", "", path)
    for name, described in DESCRIPTION["operations"].items():
        known, template = name.split()
        pattern = re.sub(
            r"\{(ref|tag)\}", ".+", re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
        )
        if known == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return described
    raise AssertionError(f"GitHub does not describe {method} {path}")


def check_request(method: str, path: str, query: str, body: bytes) -> None:
    """Raise unless the request, its parameters and its fields are described."""
    described = operation(method, path)
    assert set(parse_qs(query)) <= set(described["query"]), (method, path, query)
    if "body" in described:
        check(described["body"], json.loads(body), complete=True)


def checked(response: httpx.Response) -> httpx.Response:
    """A success of the stand-in that is described; refusals are judged by each test."""
    if response.is_success:
        request = response.request
        check_answer(request.method, request.url.path, response.status_code, response.content)
    return response


def check_answer(method: str, path: str, status: int, body: bytes) -> None:
    """Raise unless the answer is described; refusals need only a described status."""
    answers = operation(method, path)["answers"]
    assert str(status) in answers or status in EVERYWHERE, (method, path, status)
    if status < 300 and answers[str(status)]:
        check(answers[str(status)], json.loads(body))
