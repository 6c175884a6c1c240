"""Who answered is proven by a signature, and by nothing else."""

from datetime import UTC, datetime

from slipway.clients.openssh import verify
from slipway.manifests.edits import trailers_of
from tests.acceptance.scene_signature import Signature


def test_A2_A8_the_question_asks_for_a_signature(signature: Signature) -> None:
    assert "**Identity** an SSH signature" in signature.first


def test_A8_A14_typed_forged_and_replayed_answers_do_not_count(signature: Signature) -> None:
    typed, forged, replayed = signature.texts
    assert "the answer is not signed" in typed
    assert forged.count("does not verify") == 1
    assert replayed.count("does not verify") == 2


def test_A30_every_signature_is_kept_with_its_record(signature: Signature) -> None:
    assert [record.count("BEGIN SSH SIGNATURE") for record in signature.decisions] == [0, 1, 1, 1]
    assert ["does not count" in record for record in signature.decisions] == [True] * 3 + [False]


def test_A8_A30_the_commit_alone_proves_who_approved(signature: Signature) -> None:
    told = trailers_of(signature.message)
    armored = "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n"
    made = armored.format(told["Approval-Signature"])
    said, now = told["Approval-Statement"], datetime.now(UTC)
    assert told["Slipway-Digest"] in said
    assert verify(said, made, told["Approved-By"], [signature.allowed], [], now) is None
