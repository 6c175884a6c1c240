"""Errors as the API server answers them."""

from typing import Any

from starlette.responses import JSONResponse

UNKNOWN, INVALID, DEADLINE, NOT_FOUND = 2, 3, 4, 5
DENIED, PRECONDITION, UNAVAILABLE, UNAUTHENTICATED = 7, 9, 14, 16
_HTTP = {
    UNKNOWN: (500, "Internal Server Error"),
    INVALID: (400, "Bad Request"),
    DEADLINE: (504, "Gateway Timeout"),
    NOT_FOUND: (404, "Not Found"),
    DENIED: (403, "Forbidden"),
    PRECONDITION: (400, "Bad Request"),
    UNAVAILABLE: (503, "Service Unavailable"),
    UNAUTHENTICATED: (401, "Unauthorized"),
}


class ApiError(Exception):
    """A gRPC status: a code and a message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status, self.reason = _HTTP[code]

    def answer(self) -> JSONResponse:
        """The unary form: the error, its code, and the same text again."""
        text = str(self)
        return JSONResponse({"error": text, "code": self.code, "message": text}, self.status)

    def stream(self) -> dict[str, Any]:
        """The form a stream uses."""
        error = {"grpc_code": self.code, "http_code": self.status, "message": str(self)}
        return {"error": {**error, "http_status": self.reason}}
