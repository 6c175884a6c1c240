"""What people are told outside of Prefect: one title and one text for each occasion. Pure.

Every service shows such texts in its own way, and some make links, mentions or mark-up of them;
so the only link is the one to the run, and nothing else of the text can become one.
"""

from datetime import datetime

from slipway.markdown import moment, safe_url
from slipway.service import Occasion
from slipway.text import printable
from slipway.value import Value

_LONGEST = 1500  # characters of a text; less than any chat takes
_APART = "\u200b"  # zero width: seen by programs, not by people
# What chats and mail make mark-up, mentions and links of.
_NEUTRAL = str.maketrans(
    {
        "@": f"@{_APART}",
        "#": f"#{_APART}",
        **dict(zip("<>[]`*~|", "\u2039\u203a()'\u2217\u223c\u00a6", strict=True)),
    }
)
_LINKING = ("://", "www.", "mailto:")

# What each way to end means for who was not there. Names are those of the run's states.
ENDINGS = {
    "Rejected": "Somebody said no.",
    "Expired": "Nobody answered in time.",
    "Superseded": "A newer version took its place.",
    "Held": "The environment, or this version, is held.",
    "NotProven": "The new version failed its proof.",
    "RolledBack": "The new version failed its proof; the earlier one runs again.",
    "Closed": "A window of time forbids the change, and it did not open.",
    "Unknown": "A server could not be asked: what is live is not known.",
    "Failed": "A person has to change something first.",
    "Crashed": "The process of the run is gone.",
    "Cancelled": "Somebody cancelled the run.",
}


def occasion(ending: str) -> Occasion:
    """What somebody has to want to be told of a run that ended so."""
    return "rolled-back" if ending == "RolledBack" else "failed"


class Notice(Value):
    """One thing to tell."""

    title: str
    text: str


def waiting(run: str, environment: str, expires: datetime, link: str) -> Notice:
    """A question waits for an answer; `run` is the run's name, such as "books-api 1.2.0"."""
    return _notice(
        f"Waiting for approval: {run} to {environment}",
        f"Open until {moment(expires)}. Without an answer {environment} stays as it is.",
        link,
    )


def ended(name: str, run: str, message: str, link: str) -> Notice:
    """A run ended without success, in the state `name`."""
    meaning = ENDINGS.get(name, ENDINGS["Failed"])
    return _notice(f"{name}: {run}", f"{meaning}\n{neutral(message)}", link)


def delivered(run: str, message: str, link: str) -> Notice:
    """A version is proven where it was to go."""
    return _notice(f"Delivered: {run}", neutral(message), link)


def neutral(text: str) -> str:
    """`text` line by line, without anything that a chat or a mail program acts upon."""
    lines = "\n".join(filter(None, (printable(line, 400) for line in text.splitlines())))
    for part in _LINKING:
        lines = lines.replace(part, part[0] + _APART + part[1:])
    return lines.translate(_NEUTRAL)


def _notice(title: str, text: str, link: str) -> Notice:
    page = safe_url(link)
    body = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return Notice(title=neutral(printable(title, 200)), text=f"{body}\n{page}" if page else body)
