"""What a decision is about, whether it still is, and what has changed. Pure."""

from slipway.decision import Act, Approval, Subject
from slipway.gates.dossier import Asked
from slipway.model import Change, Edit, Image


def subject(service: str, change: Change, image: Image, act: Act = "promote") -> Subject:
    """What a person decides about who is shown this change."""
    return Subject(
        act=act,
        service=service,
        environment=change.environment,
        version=image.version,
        digest=image.digest,
        fingerprint=change.fingerprint,
    )


def still_holds(approval: Approval, asked: Subject, change: Change) -> bool:
    """Whether a recorded approval covers this subject.

    The edits must be the ones that were shown, or there must be none left to make (they were
    written before an interruption).
    """
    covered = approval.subject
    if not change.edits:
        covered = covered.model_copy(update={"fingerprint": asked.fingerprint})
    return approval.decision == "approve" and covered == asked


def difference(asked: Asked, about: Subject, change: Change) -> tuple[str, ...]:
    """What has changed since a question was asked, one clause each; none when nothing has."""
    before = asked.subject
    named = [
        f"the {name} is {now}, and was {was}"
        for name, was, now in (
            ("service", before.service, about.service),
            ("environment", before.environment, about.environment),
            ("version", before.version, about.version),
            ("digest", before.digest, about.digest),
        )
        if was != now
    ]
    shown = {(edit.file, edit.key): edit for edit in asked.edits}
    found = {(edit.file, edit.key): edit for edit in change.edits}
    for place in dict.fromkeys((*shown, *found)):
        named += _moved(" ".join(place), shown.get(place), found.get(place))
    return tuple(named)


def _moved(place: str, was: Edit | None, now: Edit | None) -> list[str]:
    """How one value's edit differs."""
    if was is None and now is not None:
        return [f"{place} changes too, from {now.old!r} to {now.new!r}"]
    if was is not None and now is None:
        return [f"{place} does not change any more: it holds {was.new!r} already or is gone"]
    if was is None or now is None:
        return []
    old = f"{place} holds {now.old!r} now, and held {was.old!r}"
    new = f"{place} would become {now.new!r}, and not {was.new!r}"
    return [*([old] if was.old != now.old else []), *([new] if was.new != now.new else [])]
