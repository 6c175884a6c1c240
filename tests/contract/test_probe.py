"""The smoke test's GET against servers that behave well, badly and maliciously."""

import gzip
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.serving import Asgi, Receive, Scope, Send, served
from slipway.clients import probe
from slipway.clients.addresses import allowed, resolve
from slipway.errors import InvalidInput, Retryable, SlipwayError

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def app(
    body: bytes = b"ok",
    status: int = 200,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    seen: list[dict[bytes, bytes]] | None = None,
) -> Asgi:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if seen is not None:
            seen.append(dict(scope["headers"]))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


@contextmanager
def dripping(first: bytes, drop: bytes) -> Iterator[int]:
    """A server that begins with `first` and then sends `drop` again and again."""
    stop, listener = threading.Event(), socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)  # a client that never comes must not keep the test

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(first)
            while not stop.wait(0.02):
                try:
                    connection.sendall(drop)
                except OSError:
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        stop.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://me:s3cret-marker@127.0.0.1/",
        "http://",
        "http://[::1/",
    ],
)
def test_X42_only_http_and_https_without_a_user(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        probe.get(url, LOOPBACK)
    assert "s3cret-marker" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0"],
)
def test_X43_a_private_address_is_refused_in_every_notation(host: str) -> None:
    with served(app()) as server:
        # a C library that does not know a notation does not resolve it, which is as good
        with pytest.raises((InvalidInput, Retryable)):
            probe.get(f"http://{host}:{server.port}/", ())
        assert server.traffic.requests == []


def test_X43_refused_says_which_address_and_which_setting() -> None:
    with pytest.raises(InvalidInput, match=r"127\.0\.0\.1(.|\n)*SLIPWAY_PRIVATE_NETWORKS"):
        probe.get("http://127.0.0.1:1/", ())


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "224.0.0.1", "233.252.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1"),
        *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"),
        *("2002:7f00:1::", "2001:0:7f00:1::"),
    ],
)
def test_X43_addresses_that_are_not_public(address: str) -> None:
    assert not allowed(ipaddress.ip_address(address), ())


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_X43_public_addresses(address: str) -> None:
    assert allowed(ipaddress.ip_address(address), ())


def test_X43_a_setting_allows_a_network_and_only_that() -> None:
    assert allowed(ipaddress.ip_address("::ffff:127.0.0.1"), LOOPBACK)
    assert not allowed(ipaddress.ip_address("10.0.0.1"), LOOPBACK)


def test_X43_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"10\.0\.0\.1"):
        probe.get("http://shop.example/", (), lookup=lambda *_: ["1.1.1.1", "10.0.0.1"])


def test_X44_the_name_is_resolved_once_and_the_checked_address_is_called() -> None:
    seen: list[dict[bytes, bytes]] = []
    lookups: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["10.0.0.1"]

    with served(app(seen=seen)) as server:
        url = f"http://shop.example:{server.port}/books"
        assert probe.get(url, LOOPBACK, lookup=rebinding).body == b"ok"
        assert seen[0][b"host"] == f"shop.example:{server.port}".encode()
    assert lookups == ["shop.example"]


def test_X44_the_next_address_is_tried_when_one_refuses_the_connection() -> None:
    with served(app()) as server:
        url = f"http://shop.example:{server.port}/"
        answer = probe.get(url, LOOPBACK, lookup=lambda *_: ["127.0.0.9", "127.0.0.1"])
    assert answer.status == 200


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_X45_no_redirect_is_followed(status: int) -> None:
    with served(app()) as other:
        headers = ((b"location", f"{other.url}/next".encode()),)
        with served(app(status=status, headers=headers)) as server:
            answer = probe.get(server.url, LOOPBACK)
            assert len(server.traffic.requests) == 1
        assert (answer.status, answer.location) == (status, f"{other.url}/next")
        assert other.traffic.requests == []


def test_X46_a_body_beyond_the_limit_is_cut_and_named() -> None:
    with served(app(b"x" * (3 * probe.BODY_LIMIT))) as server:
        answer = probe.get(server.url, LOOPBACK)
    assert len(answer.body) == probe.BODY_LIMIT
    assert "larger" in answer.defect


def test_X46_a_body_of_exactly_the_limit_is_good() -> None:
    with served(app(b"x" * probe.BODY_LIMIT)) as server:
        assert probe.get(server.url, LOOPBACK).defect == ""


def test_X46_a_compressed_body_is_not_unpacked() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    seen: list[dict[bytes, bytes]] = []
    with served(app(bomb, headers=((b"content-encoding", b"gzip"),), seen=seen)) as server:
        answer = probe.get(server.url, LOOPBACK)
    assert seen[0][b"accept-encoding"] == b"identity"
    assert answer.body == bomb
    assert "compressed" in answer.defect


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
        (b"", b""),
    ],
    ids=["body", "headers", "silence"],
)
def test_X46_a_slow_drip_ends_at_the_limit(first: bytes, drop: bytes) -> None:
    with dripping(first, drop) as port, pytest.raises(Retryable, match="within"):
        probe.get(f"http://127.0.0.1:{port}/", LOOPBACK, limit=0.3)


def test_X46_headers_without_end_are_refused() -> None:
    endless = b"HTTP/1.1 200 OK\r\n" + b"X-Filler: 1234567890\r\n" * 20_000
    with dripping(endless, b"X: 1\r\n") as port, pytest.raises(Retryable, match="no complete"):
        probe.get(f"http://127.0.0.1:{port}/", LOOPBACK, limit=5)


def test_X46_a_lookup_that_hangs_ends_at_the_limit() -> None:
    release = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        release.wait(30)
        return resolve("127.0.0.1", port)

    with pytest.raises(Retryable, match="not resolved within"):
        probe.get("http://shop.example/", LOOPBACK, limit=0.1, lookup=hanging)
    release.set()


def test_X46_a_body_that_breaks_off_is_no_answer() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        length = ((b"content-length", b"100"),)
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        send.__self__.transport.close()  # type: ignore[attr-defined]

    with served(broken) as server, pytest.raises(Retryable, match="no complete answer"):
        probe.get(server.url, LOOPBACK)


def test_X47_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(app(b"proxy")) as proxy, served(app(b"direct")) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert probe.get(server.url, LOOPBACK).body == b"direct"
        assert proxy.traffic.requests == []


def test_X49_no_credential_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cret-marker\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[dict[bytes, bytes]] = []
    cookie = ((b"set-cookie", b"session=1"),)
    with served(app(seen=seen, headers=cookie)) as server:
        probe.get(server.url, LOOPBACK)
        probe.get(server.url, LOOPBACK)
    for headers in seen:
        assert not {b"authorization", b"cookie", b"proxy-authorization"} & set(headers)


def test_a_refused_connection_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Retryable, match=r"(?i)connect"):
        probe.get(f"http://127.0.0.1:{port}/", LOOPBACK)


@pytest.mark.parametrize("host", ["no-such-name.invalid", "..a", "x" * 70])
def test_a_name_that_cannot_be_resolved_says_so(host: str) -> None:
    with pytest.raises(SlipwayError, match=r"resolved|not a URL"):
        probe.get(f"http://{host}/", LOOPBACK)


def certificate(name: str, folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for `name`, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


class Quiet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Silent(HTTPServer):
    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def serving_tls(name: str, folder: Path) -> Iterator[tuple[int, Path]]:
    """An https server on loopback whose certificate is for `name`: its port and certificate."""
    trusted, key = certificate(name, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, key)
    with Silent(("127.0.0.1", 0), Quiet) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port, trusted
        finally:
            server.shutdown()
            thread.join()


def test_X44_tls_checks_the_name_although_the_address_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_tls("shop.example", tmp_path) as (port, trusted):
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert probe.get(f"https://shop.example:{port}/", LOOPBACK, lookup=at_home).status == 200
        with pytest.raises(Retryable, match=r"(?i)certificate"):
            probe.get(f"https://other.example:{port}/", LOOPBACK, lookup=at_home)


def test_X50_an_unknown_issuer_is_a_failure(tmp_path: Path) -> None:
    with (
        serving_tls("shop.example", tmp_path) as (port, _),
        pytest.raises(Retryable, match=r"(?i)certificate"),
    ):
        probe.get(f"https://shop.example:{port}/", LOOPBACK, lookup=at_home)


def at_home(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]
