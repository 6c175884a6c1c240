"""The JSON schema of service files, for editors: `python -m slipway.schema > FILE`."""

import json

from slipway.service import Service


def schema() -> str:
    """The schema as JSON text, ending with a newline."""
    body = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Slipway service",
        **Service.model_json_schema(),
    }
    return json.dumps(body, indent=2, sort_keys=False) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
