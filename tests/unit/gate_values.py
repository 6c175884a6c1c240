"""A gate, a change and answers about it, for the tests of the gates."""

from datetime import timedelta
from typing import Any

from slipway.decision import Approval
from slipway.gates.binding import subject
from slipway.gates.dossier import Asked
from slipway.ledger.entries import Decided
from slipway.model import Change, Edit, Image
from slipway.service import Gate
from slipway.value import Timing
from tests import answers
from tests.answers import AT

ANA, LEO, KIM = "ana@example.com", "leo@example.com", "kim@example.com"
IMAGE = Image(
    repository="registry.example/acme/shop",
    version="2.1.0",
    digest="sha256:" + "c" * 64,
    revision="a" * 40,
    builder="layer",
    created=True,
    timing=Timing(started=AT),
)
EDIT = Edit(file="values.yaml", key="image.tag", old="2.0.0", new="2.1.0")


def change(*edits: Edit) -> Change:
    return Change(environment="production", edits=edits or (EDIT,), diff="", base="b" * 40)


CHANGE = change()
NOTHING = CHANGE.model_copy(update={"edits": ()})
MOVED = change(EDIT.model_copy(update={"old": "2.0.1"}))
ABOUT = subject("books-api", CHANGE, IMAGE)


def gate(**more: Any) -> Gate:
    return Gate.model_validate({"approvers": [ANA, LEO, KIM]} | more)


def approval(approver: str = ANA, **more: Any) -> Approval:
    return answers.approval(approver=approver, **ABOUT.model_dump(exclude={"act"}) | more)


def counted(*approvers: str, **more: Any) -> list[Decided]:
    return [Decided(approval=approval(name, **more), counts=True) for name in approvers]


def asked(key: str = "q-1", attempt: str = "1", **more: Any) -> Asked:
    made = Asked(
        key=key, attempt=attempt, subject=ABOUT, edits=CHANGE.edits,
        expires=AT + timedelta(hours=1),
    )  # fmt: skip
    return made.model_copy(update=more)
