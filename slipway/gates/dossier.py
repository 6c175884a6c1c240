"""What one run has asked about one environment, and what it was answered. Pure.

A question is written down before it is asked, an answer as soon as it is judged. What a process
finds here after a kill, a retry or a restart is all it needs to go on.
"""

from datetime import datetime, timedelta
from typing import Self

from slipway.decision import Subject
from slipway.ledger.entries import Decided
from slipway.model import Edit
from slipway.value import Value


class Asked(Value):
    """A question as it was asked."""

    key: str  # used once
    attempt: str  # of the run; a rejection ends one
    subject: Subject
    edits: tuple[Edit, ...]  # that were shown
    expires: datetime  # UTC


class Dossier(Value):
    """All questions of a run about one environment, and all answers."""

    asked: tuple[Asked, ...] = ()  # oldest first
    decided: tuple[Decided, ...] = ()  # oldest first

    @property
    def open(self) -> Asked | None:
        """The question that was asked last, unless its answer is here."""
        last = self.asked[-1] if self.asked else None
        answered = {each.approval.question for each in self.decided}
        return None if last is None or last.key in answered else last

    def asking(self, question: Asked) -> Self:
        """With one more question."""
        return self.model_copy(update={"asked": (*self.asked, question)})

    def deciding(self, answer: Decided) -> Self:
        """With one more answer; one question has one."""
        known = {each.approval.question for each in self.decided}
        if answer.approval.question in known:
            return self
        return self.model_copy(update={"decided": (*self.decided, answer)})

    def void(self, subject: Subject) -> tuple[Decided, ...]:
        """The answers to questions about exactly this that do not count, oldest first."""
        return tuple(
            each for each in self.decided if not each.counts and each.approval.subject == subject
        )

    def expiry(self, subject: Subject, attempt: str, now: datetime, lasts: timedelta) -> datetime:
        """Until when the next question about `subject` is open.

        It counts from the first one that was asked about it in this attempt, so that neither a
        restart nor an answer that does not count prolongs it. A process that was killed leaves the
        matter open: a new attempt goes on with what is left of the time.
        """
        last = self.asked[-1] if self.asked else None
        if last and last.subject == subject:
            left_open = last.expires > now and not self._rejected(last)
            if last.attempt == attempt or left_open:
                return last.expires
        return now + lasts

    def _rejected(self, question: Asked) -> bool:
        """Whether it was answered with a no that counts."""
        return any(
            each.counts and each.approval.decision == "reject"
            for each in self.decided
            if each.approval.question == question.key
        )

    def not_counted(self, attempt: str) -> int:
        """How many answers of an attempt did not count."""
        keys = {question.key for question in self.asked if question.attempt == attempt}
        return sum(not each.counts and each.approval.question in keys for each in self.decided)
