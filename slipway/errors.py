"""The two error families: worth another attempt, or not.

Every error says what happened and on which object (the message) and what to do next (the hint).
Both parts are plain arguments, so an error keeps them when it is pickled or re-raised elsewhere.
"""


class SlipwayError(Exception):
    """Base of every error raised on purpose: a message for people and a hint, the next action."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.hint}"


class Retryable(SlipwayError):
    """Nothing is known to be wrong with the request: the same step may succeed a moment later."""

    def __init__(self, message: str, hint: str, retry_after: float | None = None) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after  # seconds the server asked us to wait, if it did

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message, self.hint, self.retry_after)


class Closed(Retryable):
    """A window of time forbids the act now, and nothing is wrong: it may be done later."""


class Final(SlipwayError):
    """Repeating the step cannot help: a person has to change something first."""


class InvalidInput(Final):
    """A service file, a setting or a parameter is not acceptable; nothing was touched."""


class Unauthorized(Final):
    """A server does not accept the credential, or the credential lacks a permission."""


class NotFound(Final):
    """The object does not exist, or the credential may not see it."""


class Conflict(Final):
    """The world holds something else under the same name; nothing was overwritten."""


class Superseded(Final):
    """A newer version has taken this one's place; nothing was overwritten."""


class NotProven(Final):
    """The new version is not live and healthy: the proof failed, with its cause."""


class NotTrusted(Final):
    """The image lacks evidence that is asked of it, or a scan speaks against it."""


class Rejected(Final):
    """A person said no."""


class Expired(Final):
    """Nobody answered in time."""


class Held(Final):
    """The version, or the whole environment, is held: somebody has to release it first."""


class RolledBack(Final):
    """The new version failed its proof, and the environment runs the earlier one again, proven."""
