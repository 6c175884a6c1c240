"""Whether an environment may be changed now, and if not, when. Values of the gate's decisions."""

from datetime import datetime

from slipway.value import Value


class Open(Value):
    """It may be changed now."""

    reason: str = ""  # one sentence: what was waited for and is fulfilled


class Closed(Value):
    """It may not be changed yet, and nothing is wrong."""

    reason: str  # one sentence for people, with the time that is left where it is known
    until: datetime | None  # UTC; None: nobody knows, look again later


Verdict = Open | Closed
