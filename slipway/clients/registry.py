"""Container registries: the OCI distribution protocol, for one repository at a time.

Bytes are believed only when their SHA-256 is the digest they were asked by. A repository is
written `host[:port]/path`; the digest, never the tag, identifies what is in it.
"""

from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from slipway.clients import http as web
from slipway.clients.oci import ACCEPT, Blob, Manifest, digest_of
from slipway.clients.registry_auth import Access, Credential
from slipway.clients.registry_connection import Connection
from slipway.errors import Conflict, Final, NotFound
from slipway.settings import Settings

_LARGEST = 64 * 1024 * 1024  # bytes of a JSON blob; the bill of materials of a large image has 10
_PAGES = 100  # of a list; a registry that has more loops
_Item = TypeVar("_Item")


class Repository:
    """One repository of one registry. Close it; it is a context manager.

    Every method raises what `Connection` raises.
    """

    def __init__(self, name: str, credential: Credential | None, plain: bool, rights: str) -> None:
        self.name = name
        self.host, _, self.path = name.partition("/")
        self._connection = Connection(name, credential, plain, rights)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def find(self, reference: str) -> Manifest | None:
        """The manifest of a tag or digest, or None when there is none.

        Final when the registry reports another digest than the one its bytes have.
        """
        if reference.startswith("sha256:"):
            return self._read(reference, reference)
        # What a tag stands for is asked twice, so that two answers are compared. One that moves in
        # between is asked again.
        for last in (False, False, True):
            head = self._ask("HEAD", reference)
            if head.status_code == 404:
                return None
            said = head.headers.get("Docker-Content-Digest", "")
            found = self._read(reference, said if last else "")
            if found is None or said in ("", found.digest):
                return found
        raise AssertionError("the last answer is returned or refused")

    def _read(self, reference: str, expected: str) -> Manifest | None:
        """The manifest, whose bytes have the digest that is `expected` and the one reported."""
        answer = self._ask("GET", reference)
        if answer.status_code == 404:
            return None
        found = Manifest(answer.headers.get("Content-Type", ""), answer.content)
        for said in filter(None, (expected, answer.headers.get("Docker-Content-Digest"))):
            _same(said, found.digest, f"read {self.name}:{reference}")
        return found

    def _ask(self, method: str, reference: str) -> httpx.Response:
        url, what = self._manifest(reference), f"read {self.name}:{reference}"
        return self._connection.send(method, url, what, allow=(404,), headers={"Accept": ACCEPT})

    def manifest(self, reference: str) -> Manifest:
        """As `find`, but NotFound when there is none."""
        found = self.find(reference)
        if found is None:
            raise NotFound(
                f"{self.name} holds no {reference}",
                "check the name, and whether the credential may see the repository",
            )
        return found

    def put(self, manifest: Manifest, reference: str) -> bool:
        """Publish a manifest under a tag, or under its digest.

        The answer tells whether the registry keeps the list of what refers to its subject.
        Raises Conflict when the registry refuses to move the tag, Final when it stores another
        digest or misses a blob.
        """
        what = f"push {self.name}:{reference}"
        answer = self._connection.send(
            "PUT",
            self._manifest(reference),
            what,
            allow=(409,),
            headers={"Content-Type": manifest.media_type},
            content=manifest.body,
        )
        if answer.status_code == 409:
            raise Conflict(
                f"could not {what}: {web.excerpt(answer)}",
                "release a new version; a version in a registry is never overwritten",
            )
        _same(answer.headers.get("Docker-Content-Digest", manifest.digest), manifest.digest, what)
        return "OCI-Subject" in answer.headers

    def referrers(self, digest: str, artifact_type: str) -> list[dict[str, Any]] | None:
        """Descriptors of the manifests whose subject is `digest`; None without a referrers API."""
        what = f"list what refers to {self.name}@{digest}"
        url, query = f"/v2/{self.path}/referrers/{digest}", {"artifactType": artifact_type}
        found = self._listed(url, what, query, "manifests", dict)
        # A registry may ignore the filter.
        return found and [item for item in found if item.get("artifactType") == artifact_type]

    def tags(self) -> list[str]:
        """Every tag of the repository, in the registry's order; none when it does not exist yet."""
        what = f"list the tags of {self.name}"
        return self._listed(f"/v2/{self.path}/tags/list", what, {"n": "1000"}, "tags", str) or []

    def _listed(
        self, url: str, what: str, query: dict[str, str], key: str, kind: type[_Item]
    ) -> list[_Item] | None:
        """What all pages of a list hold under `key`; None when there is no such list."""
        answer = self._connection.send("GET", url, what, allow=(404,), params=query)
        if answer.status_code == 404:
            return None
        found = _items(answer.content, what, key, kind)
        for _ in range(_PAGES):
            if "next" not in answer.links:
                return found
            following = answer.url.join(answer.links["next"]["url"])
            if not self._connection.at_home(following):
                raise Final(f"could not {what}: the next page is elsewhere", "check the registry")
            answer = self._connection.send("GET", following, what)
            found += _items(answer.content, what, key, kind)
        raise Final(f"could not {what}: the list does not end", "check the registry")

    def json_blob(self, digest: str) -> dict[str, Any]:
        """A JSON blob of moderate size, such as an image's configuration."""
        what, body = self._reading(digest), bytearray()
        for chunk in self._connection.chunks(self._blob(digest), what):
            body += chunk
            if len(body) > _LARGEST:
                raise Final(f"could not {what}: over {_LARGEST} bytes", "check what was pushed")
        _same(digest_of(bytes(body)), digest, what)
        return Manifest("", bytes(body)).document

    def download(self, digest: str, target: Path) -> Blob:
        """Copy a blob into the file `target`; Final when its bytes do not have that digest."""
        what = self._reading(digest)
        with target.open("wb") as file:
            file.writelines(self._connection.chunks(self._blob(digest), what))
        blob = Blob.of(target)
        _same(blob.digest, digest, what)
        return blob

    def holds(self, digest: str) -> bool:
        """Whether the repository has the blob."""
        what = f"look for {self.name}@{digest}"
        return self._connection.send("HEAD", self._blob(digest), what, allow=(404,)).is_success

    def mount(self, digest: str, source: str) -> bool:
        """Take the blob over from the repository path `source` of the same registry, if it can."""
        query = {"mount": digest, "from": source}
        what = f"push to {self.name}"
        answer = self._connection.send("POST", self._uploads, what, params=query)
        return answer.status_code == 201

    def upload(self, blob: Blob) -> None:
        """Store a blob, unless it is there."""
        if self.holds(blob.digest):
            return
        what = f"push {blob.size} bytes to {self.name}"
        place = self._begun(what).copy_merge_params({"digest": blob.digest})
        self._connection.send(
            "PUT",
            self._connection.elsewhere(place, what),
            what,
            content=blob,
            headers={
                "Content-Length": str(blob.size),
                "Content-Type": "application/octet-stream",
            },
        )

    def require_push(self) -> None:
        """Begin an upload and cancel it, so that nothing is stored. Raises what a push would."""
        what = f"push to {self.name}"
        where = self._connection.elsewhere(self._begun(what), what)
        # Some registries cannot cancel; what was begun ends by itself.
        self._connection.send("DELETE", where, what, allow=range(400, 600))

    def _begun(self, what: str) -> httpx.URL:
        """Begin an upload. The answer is where it goes on, which may be another host."""
        started = self._connection.send("POST", self._uploads, what)
        return started.request.url.join(started.headers.get("Location", ""))

    @property
    def _uploads(self) -> str:
        return f"/v2/{self.path}/blobs/uploads/"

    def _manifest(self, reference: str) -> str:
        return f"/v2/{self.path}/manifests/{reference}"

    def _blob(self, digest: str) -> str:
        return f"/v2/{self.path}/blobs/{digest}"

    def _reading(self, digest: str) -> str:
        return f"read {self.name}@{digest}"


def open_repository(name: str, settings: Settings, *, push: bool = False) -> Repository:
    """The repository `name` with the credential of the settings, or anonymous without one."""
    rights = "pull,push" if push else "pull"
    return Repository(name, credential_of(settings), is_plain(name, settings), rights)


def open_anonymously(name: str, settings: Settings, *, push: bool = False) -> Repository:
    """A repository of a registry that our credential is not for."""
    rights = "pull,push" if push else "pull"
    return Repository(name, None, is_plain(name, settings), rights)


def credential_of(settings: Settings) -> Credential | None:
    """The credential of our registry; None when the settings have none."""
    password = settings.optional("registry_password")
    if not settings.registry_username or password is None:
        return None
    return Credential(settings.registry_username, password)


def access_of(name: str, settings: Settings) -> Access | None:
    """What a tool is told about the registry of our repository `name`."""
    credential = credential_of(settings)
    return Access(name.partition("/")[0], credential) if credential else None


def is_plain(name: str, settings: Settings) -> bool:
    """Whether the registry of a repository is spoken to without TLS."""
    return name.partition("/")[0] in settings.plain_http_registries


def _items(body: bytes, what: str, key: str, kind: type[_Item]) -> list[_Item]:
    found = Manifest("", body).document.get(key)
    if found is None and kind is str:  # docker-registry's answer for a repository without tags
        return []
    if not isinstance(found, list) or not all(isinstance(item, kind) for item in found):
        raise Final(f"could not {what}: the answer has no list of {key}", "check the registry")
    return found


def _same(said: str, computed: str, what: str) -> None:
    if said != computed:
        raise _altered(said, computed, what)


def _altered(said: str, computed: str, what: str) -> Final:
    return Final(
        f"could not {what}: the digest is {computed}, not {said}",
        "the registry or something in between alters content; do not use this image",
    )
