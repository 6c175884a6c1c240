"""The framing of Argo CD's event stream, byte by byte."""

import json

import pytest

from slipway.clients.argocd_frames import LARGEST, Frame, Frames

_TEXT = json.dumps({"result": {"type": "MODIFIED", "application": {"name": "büro"}}})
_EVENT = f"data: {_TEXT} \n\n\n".encode()
_ERROR = (
    b'data: {"error":{"grpc_code":16,"http_code":401,"message":"no session","http_status":"x"}}'
    b" \n\n\n"
)


def frames(*chunks: bytes) -> list[Frame]:
    parser = Frames()
    return [frame for chunk in chunks for frame in parser.feed(chunk)]


def test_S51_events_comments_and_errors_are_told_apart() -> None:
    stream = _EVENT + b":\n" + b":\n" + _ERROR + _EVENT
    kinds = [frame.kind for frame in frames(stream)]
    assert kinds == ["event", "alive", "alive", "error", "event"]
    assert frames(_ERROR) == [Frame("error", "no session")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_S51_it_does_not_matter_where_the_bytes_are_cut(size: int) -> None:
    stream = _EVENT + b":\n" + _EVENT + b":\n"
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert frames(*chunks) == frames(stream)
    assert len(frames(stream)) == 4


def test_S51_an_event_is_one_only_once_its_blank_line_is_there() -> None:
    whole = _EVENT.rstrip(b"\n")
    assert frames(whole) == frames(whole, b"\n") == []
    assert frames(whole, b"\n", b"\n") == [Frame("event")]
    assert frames(whole.replace(b"data: ", b"data:"), b"\r\n\r\n") == [Frame("event")]


def test_S51_lines_that_are_not_known_are_passed_over() -> None:
    assert frames(b"event: x\nid: 7\nretry: 3\n\n\n", _EVENT) == [Frame("event")]


@pytest.mark.parametrize("line", [b"data: {cut \n\n", b"data: [] \n\n", b"x" * (LARGEST + 1)])
def test_S51_what_is_no_such_stream_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"Expecting|no object|larger"):
        frames(line)
