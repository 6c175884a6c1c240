"""Errors as the API server answers them: a Status object."""

from typing import Any

from starlette.responses import JSONResponse

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


class StatusError(Exception):
    """An HTTP status with its reason, message and details."""

    def __init__(self, code: int, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.details = details

    @property
    def body(self) -> dict[str, Any]:
        """The Status object."""
        details = {"details": self.details} if self.details else {}
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": _REASONS[self.code],
            **details,
            "code": self.code,
        }

    def answer(self) -> JSONResponse:
        wait = self.details.get("retryAfterSeconds")
        return JSONResponse(self.body, self.code, {"Retry-After": str(wait)} if wait else None)


def no_such_resource() -> StatusError:
    """For a path that nothing serves, such as a removed version."""
    return StatusError(404, "the server could not find the requested resource")


def not_found(resource: str, name: str) -> StatusError:
    """For an object that is not there; `resource` is `plural.group`."""
    plural, _, group = resource.partition(".")
    named = {"name": name, "group": group} if group else {"name": name}
    return StatusError(404, f'{resource} "{name}" not found', **named, kind=plural)
