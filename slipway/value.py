"""What every value is made of."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Base of every value: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Timing(Value):
    """When a step ran, and how much of it was waiting rather than work."""

    started: datetime  # UTC
    seconds: float = 0.0
    waited: float = 0.0  # seconds asleep between two looks at a server
