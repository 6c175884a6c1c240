"""Container registries: the OCI distribution protocol, for one repository at a time.

Bytes are believed only when their SHA-256 is the digest they were asked by. A repository is
written `host[:port]/path`; the digest, never the tag, identifies what is in it.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Self

import httpx

from slipway.clients import http as web
from slipway.clients.oci import ACCEPT, CHUNK, Blob, Manifest, digest_of
from slipway.clients.registry_auth import ChallengeAuth, Credential
from slipway.errors import Conflict, Final, NotFound, Unauthorized
from slipway.settings import Settings

_REDIRECTS = (301, 302, 303, 307, 308)


class Repository:
    """One repository of one registry. Close it; it is a context manager.

    Every method raises Retryable for transport errors, 429 (with the time the server asked for)
    and 5xx, Unauthorized for 401 and 403, Final for other refusals.
    """

    def __init__(self, name: str, credential: Credential | None, plain: bool, rights: str) -> None:
        self.name = name
        self.host, _, self.path = name.partition("/")
        server = "registry-1.docker.io" if self.host == "docker.io" else self.host
        auth = ChallengeAuth(credential, f"repository:{self.path}:{rights}")
        self._http = web.client(f"{'http' if plain else 'https'}://{server}", auth=auth)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def find(self, reference: str) -> Manifest | None:
        """The manifest of a tag or digest, or None when there is none.

        Final when the registry reports another digest than the one its bytes have.
        """
        what = f"read {self.name}:{reference}"
        url, accept = self._manifest(reference), {"Accept": ACCEPT}
        head = self._send("HEAD", url, what, allow=(404,), headers=accept)
        if head.status_code == 404:
            return None
        answer = self._send("GET", url, what, headers=accept)
        found = Manifest(answer.headers.get("Content-Type", ""), answer.content)
        reported = head.headers.get("Docker-Content-Digest", found.digest)
        wanted = reference if reference.startswith("sha256:") else reported
        for said in (reported, wanted):
            _same(said, found.digest, what)
        return found

    def manifest(self, reference: str) -> Manifest:
        """As `find`, but NotFound when there is none."""
        found = self.find(reference)
        if found is None:
            raise NotFound(
                f"{self.name} holds no {reference}",
                "check the name, and whether the credential may see the repository",
            )
        return found

    def put(self, manifest: Manifest, tag: str) -> None:
        """Publish a manifest under a tag.

        Raises Conflict when the registry refuses to move the tag, Final when it stores another
        digest or misses a blob.
        """
        what = f"push {self.name}:{tag}"
        headers = {"Content-Type": manifest.media_type}
        answer = self._send(
            "PUT", self._manifest(tag), what, allow=(409,), headers=headers, content=manifest.body
        )
        if answer.status_code == 409:
            raise Conflict(
                f"could not {what}: {web.excerpt(answer)}",
                "release a new version; a version in a registry is never overwritten",
            )
        _same(answer.headers.get("Docker-Content-Digest", manifest.digest), manifest.digest, what)

    def json_blob(self, digest: str) -> dict[str, Any]:
        """A small JSON blob, such as an image's configuration."""
        body = b"".join(self._chunks(digest))
        _same(digest_of(body), digest, f"read {self.name}@{digest}")
        return Manifest("", body).document

    def download(self, digest: str, target: Path) -> Blob:
        """Copy a blob into the file `target`; Final when its bytes do not have that digest."""
        with target.open("wb") as file:
            file.writelines(self._chunks(digest))
        blob = Blob.of(target)
        _same(blob.digest, digest, f"read {self.name}@{digest}")
        return blob

    def holds(self, digest: str) -> bool:
        """Whether the repository has the blob."""
        what = f"look for {self.name}@{digest}"
        return self._send("HEAD", self._blob(digest), what, allow=(404,)).is_success

    def mount(self, digest: str, source: str) -> bool:
        """Take the blob over from the repository path `source` of the same registry, if it can."""
        query = {"mount": digest, "from": source}
        answer = self._send("POST", self._uploads, f"push to {self.name}", params=query)
        return answer.status_code == 201

    def upload(self, blob: Blob) -> None:
        """Store a blob, unless it is there."""
        if self.holds(blob.digest):
            return
        what = f"push {blob.size} bytes to {self.name}"
        started = self._send("POST", self._uploads, what)
        place = started.request.url.join(started.headers.get("Location", ""))
        self._send(
            "PUT",
            self._elsewhere(place.copy_merge_params({"digest": blob.digest}), what),
            what,
            content=blob,
            headers={
                "Content-Length": str(blob.size),
                "Content-Type": "application/octet-stream",
            },
        )

    @property
    def _uploads(self) -> str:
        return f"/v2/{self.path}/blobs/uploads/"

    def _manifest(self, reference: str) -> str:
        return f"/v2/{self.path}/manifests/{reference}"

    def _blob(self, digest: str) -> str:
        return f"/v2/{self.path}/blobs/{digest}"

    def _chunks(self, digest: str) -> Iterator[bytes]:
        what = f"read {self.name}@{digest}"
        url = self._http.base_url.join(self._blob(digest))
        for _hop in range(5):
            try:
                with self._http.stream("GET", url, **self._auth(url)) as answer:
                    if answer.status_code in _REDIRECTS:
                        url = self._elsewhere(url.join(answer.headers.get("Location", "")), what)
                        continue
                    if not answer.is_success:
                        answer.read()
                        raise web.failure(answer, what)
                    yield from answer.iter_raw(CHUNK)
                    return
            except httpx.TransportError as error:
                raise web.unreachable(self._http, what, error) from None
        raise Final(f"could not {what}: too many redirects", "check the registry")

    def _send(
        self,
        method: str,
        url: str | httpx.URL,
        what: str,
        allow: Collection[int] = (),
        **options: Any,
    ) -> httpx.Response:
        target = self._http.base_url.join(url)
        options |= self._auth(target)
        answer = web.send(
            self._http, method, str(target), what=what, allow=(*allow, 403), **options
        )
        if answer.status_code == 403:
            act = "read from" if method in ("GET", "HEAD") else "push to"
            raise Unauthorized(
                f"no permission to {act} {self.name}: {web.excerpt(answer) or 'HTTP 403'}",
                "check the rights of SLIPWAY_REGISTRY_USERNAME, and the repository's name",
            )
        return answer

    def _auth(self, url: httpx.URL) -> dict[str, Any]:
        """No credential leaves for a host other than the registry."""
        home = self._http.base_url
        same = (url.scheme, url.host, url.port) == (home.scheme, home.host, home.port)
        return {} if same else {"auth": None}

    def _elsewhere(self, url: httpx.URL, what: str) -> httpx.URL:
        """A place the registry sent us to; Final when it is less safe than the registry."""
        if url.scheme != "https" and self._http.base_url.scheme == "https":
            raise Final(
                f"could not {what}: {self.host} sends it to {url.scheme}://{url.host}, unencrypted",
                "tell the registry its public https address (often a missing proxy header)",
            )
        return url


def open_repository(name: str, settings: Settings, *, push: bool = False) -> Repository:
    """The repository `name` with the credential of the settings, or anonymous without one."""
    rights = "pull,push" if push else "pull"
    return Repository(name, credential_of(settings), _plain(name, settings), rights)


def open_anonymously(name: str, settings: Settings) -> Repository:
    """A repository of a registry that is not ours, to read from."""
    return Repository(name, None, _plain(name, settings), "pull")


def credential_of(settings: Settings) -> Credential | None:
    """The credential of our registry; None when the settings have none."""
    password = settings.optional("registry_password")
    if not settings.registry_username or password is None:
        return None
    return Credential(settings.registry_username, password)


def _plain(name: str, settings: Settings) -> bool:
    return name.partition("/")[0] in settings.plain_http_registries


def _same(said: str, computed: str, what: str) -> None:
    if said != computed:
        raise Final(
            f"could not {what}: the digest is {computed}, not {said}",
            "the registry or something in between alters content; do not use this image",
        )
