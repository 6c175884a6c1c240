"""in-toto statements: what is said about which digest, and whether a signed one counts. Pure."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from slipway.evidence.envelope import Envelope, Unacceptable
from slipway.evidence.keys import PublicKey

STATEMENT = "https://in-toto.io/Statement/v1"


@dataclass(frozen=True)
class Accepted:
    """A signed statement that holds, and the key that signed it."""

    envelope: Envelope
    predicate: dict[str, Any]
    key: PublicKey


@dataclass(frozen=True)
class Refused:
    """Why no statement holds: one sentence each, for people."""

    reasons: tuple[str, ...]
    contradiction: str | None = None  # what a trusted key has signed instead of what is wanted

    @property
    def sentence(self) -> str:
        """All reasons in one sentence."""
        return "; ".join(dict.fromkeys(self.reasons))


def statement(name: str, digest: str, kind: str, predicate: Any) -> dict[str, Any]:
    """A statement of the predicate type `kind` about the image `name` of that digest."""
    algorithm, _, value = digest.partition(":")
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {algorithm: value}}],
        "predicateType": kind,
        "predicate": predicate,
    }


def judge(
    documents: Iterable[Any],
    trusted: Iterable[PublicKey],
    digest: str,
    kind: str,
    objection: Callable[[dict[str, Any]], str | None] = lambda _predicate: None,
) -> Accepted | Refused:
    """The first document that is a statement about `digest`, signed by a trusted key.

    `objection` is what speaks against its predicate, if anything does. One good statement is
    enough: anybody may have put a bad one beside it.
    """
    keys, reasons, contradiction = tuple(trusted), list[str](), None
    for document in documents:
        try:
            envelope = Envelope.read(document)
            key = envelope.signer(keys)
            predicate = _predicate(envelope.payload, digest, kind)
        except Unacceptable as problem:
            reasons.append(str(problem))
            continue
        against = objection(predicate)
        if against is None:
            return Accepted(envelope, predicate, key)
        contradiction = contradiction or against
        reasons.append(against)
    return Refused(tuple(reasons) or ("none is attached",), contradiction)


def _predicate(payload: bytes, digest: str, kind: str) -> dict[str, Any]:
    try:
        found = json.loads(payload)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("_type") != STATEMENT:
        raise Unacceptable("it is not an in-toto statement")
    if found.get("predicateType") != kind:
        raise Unacceptable(f"its predicate type is {found.get('predicateType')!r:.80}")
    if digest not in _digests(found.get("subject")):
        raise Unacceptable("it is about another digest")
    predicate = found.get("predicate")
    if not isinstance(predicate, dict):
        raise Unacceptable("it has no predicate")
    return predicate


def _digests(subjects: Any) -> set[str]:
    """The digests of the subjects; their names do not count: a mirror has another one."""
    known = subjects if isinstance(subjects, list) else []
    digests = [each.get("digest") for each in known if isinstance(each, dict)]
    return {f"sha256:{each.get('sha256')}" for each in digests if isinstance(each, dict)}
