"""What a person is asked, and what a person answered."""

from datetime import datetime
from typing import Literal

from slipway.value import Value

Act = Literal["promote", "roll-back"]


class Subject(Value):
    """What exactly a decision is about. If anything of it changes, the decision is void."""

    act: Act = "promote"
    service: str
    environment: str
    version: str
    digest: str  # "sha256:" and 64 hex
    fingerprint: str  # of the edits that were shown: file, key, old and new value of each


class Question(Value):
    """What a person is asked, and until when."""

    key: str  # names the run, the attempt and the number of the question; used once
    subject: Subject
    text: str  # Markdown
    expires: datetime  # UTC


class OpenQuestion(Question):
    """A question as programs read it: with who may answer it, and how."""

    identity: Literal["form", "signature"]
    approvers: tuple[str, ...]


class Approval(Value):
    """One person's recorded decision about one exact change."""

    decision: Literal["approve", "reject"]
    approver: str
    reason: str
    at: datetime  # UTC, when the answer was given
    subject: Subject
    question: str  # key of the question that was answered
    run: str  # flow run id
    statement: str = ""  # the canonical statement that was signed; empty: only typed into the form
    signature: str = ""  # SSH signature of the statement, armored
