"""Answers of the Argo CD API, checked against its own description."""

import functools
import json
import re
from pathlib import Path
from typing import Any

import httpx
import jsonschema

Json = dict[str, Any]
SWAGGER: Json = json.loads(Path(__file__).with_name("argocd-swagger-subset.json").read_text())


def _strict(schema: Any) -> Any:
    """Swagger's nullable as JSON schema has it, and no property that is not declared."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items()}
    if strict.get("x-nullable") is True:
        strict["type"] = [strict["type"], "null"]
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        strict.setdefault("additionalProperties", False)
    return strict


_DEFINITIONS = _strict(SWAGGER["definitions"])


def check(schema: Json, body: Any) -> None:
    """Raise unless `body` is what the schema describes."""
    _validator(json.dumps(schema)).validate(body)


@functools.cache
def _validator(schema: str) -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator({**_strict(json.loads(schema)), "definitions": _DEFINITIONS})


def check_answer(response: httpx.Response) -> None:
    """Check a JSON answer by the operation it belongs to."""
    path, method = response.request.url.path, response.request.method.lower()
    if not response.headers.get("content-type", "").startswith("application/json"):
        return
    for template, operations in SWAGGER["paths"].items():
        pattern = re.sub(r"\{subresource\}", ".+", template)
        if method in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            answers = operations[method]["responses"]
            found = answers.get(str(response.status_code), answers["default"])
            check(found["schema"], response.json())
            return
    check({"$ref": "#/definitions/runtimeError"}, response.json())
