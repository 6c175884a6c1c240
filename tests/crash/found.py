"""What a delivery has left everywhere, with its version, run and digest taken out of the words.

So two deliveries that did the same have left the same, and what is there twice shows.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sandbox import seed
from sandbox.prefect_api import Json, state_of
from tests.crash.place import ENVIRONMENTS, Place
from tests.crash.site import Site

_IMAGE, _CHART = "parraletz/books-api", "parraletz/charts/books-api"
_CONFIG = "application/vnd.oci.image.config.v1+json"

Found = dict[str, Any]

ONE_OF_EACH: Found = {
    "run": "Completed books-api VERSION is proven in staging, production",
    "release commits": ["chore(main): release VERSION"],
    "tags": ["vVERSION"],
    "pages on the forge": ["published"],
    "drafts on the forge": 0,
    "branches of the application": ["refs/heads/main"],
    "images of the version": 1,
    "attestations under cosign's tag": ["https://slsa.dev/provenance/v1"],
    "attestations that refer to the image": ["application/vnd.dev.sigstore.bundle.v0.3+json"],
    "charts of the version": 1,
    "GitOps commits": [
        "chore(staging): books-api VERSION",
        "chore(production): books-api VERSION",
    ],
    "approvals in commits": ["chore(production): books-api VERSION: Approved-By: ana@example.com"],
    "branches of the GitOps repository": ["refs/heads/main", "refs/slipway/ledger"],
    "ledger": {
        "decisions production approve by ana@example.com, counts: True": 1,
        "proven production": 1,
        "proven staging": 1,
    },
    "staging answers": "VERSION",
    "staging is": "Synced Healthy",
    "staging runs": ["DIGEST"],
    "production answers": "VERSION",
    "production is": "Synced Healthy",
    "production runs": ["DIGEST"],
    "report": True,
}


def look(site: Site, run: Json, version: str) -> Found:
    """Everything that a delivery of `version` may leave, how often it is there."""
    place, name = site.place, str(run["id"])
    digest = place.store().manifest(_IMAGE, version).digest
    words = {name: "RUN", version: "VERSION", digest: "DIGEST", digest.replace(":", "-"): "DIGEST"}
    found: Found = {
        "run": state_of(run),
        **_source(place, version),
        **_registry(place, version, digest),
        **_gitops(place, name),
        **_ledger(place, name),
        **_live(place, digest),
        "report": bool(site.artifacts(name, "books-api-report")),
    }
    return json.loads(_plain(json.dumps(found, sort_keys=True), words))


def difference(found: Found) -> list[str]:
    """One sentence for each thing that is not there exactly once."""
    expected = ONE_OF_EACH
    return [
        f"{key}: {found.get(key)!r} instead of {expected.get(key)!r}"
        for key in sorted({*expected, *found})
        if found.get(key) != expected.get(key)
    ]


def _plain(text: str, words: dict[str, str]) -> str:
    for word, instead in words.items():
        text = text.replace(word, instead)
    return text


def _source(place: Place, version: str) -> Found:
    subject = f"--grep=^chore(main): release {version.replace('.', '[.]')}$"
    releases = place.git.github.ledger.releases(seed.APPLICATION)
    own = [each for each in releases if each["tag_name"] == f"v{version}"]
    tags = place.in_git(seed.APPLICATION, "tag", "--list", f"v{version}").split()
    return {
        "release commits": place.in_git(
            seed.APPLICATION, "log", "--all", "--format=%s", subject
        ).splitlines(),
        "tags": tags,
        "pages on the forge": ["draft" if each["draft"] else "published" for each in own],
        "drafts on the forge": sum(each["draft"] for each in releases),
        "branches of the application": place.in_git(
            seed.APPLICATION, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/slipway"
        ).split(),
    }


def _registry(place: Place, version: str, digest: str) -> Found:
    store = place.store()
    referrers = [each["artifactType"] for each in store.referrers(_IMAGE, digest)]
    kinds = [
        layer["annotations"]["predicateType"]
        for layer in json.loads(store.manifest(_IMAGE, f"{digest.replace(':', '-')}.att").body)[
            "layers"
        ]
    ]
    return {
        "images of the version": sum(_is_of(store, each, version) for each in _manifests(place)),
        "attestations under cosign's tag": sorted(kinds),
        "attestations that refer to the image": sorted(referrers),
        "charts of the version": store.tags(_CHART).count(version),
    }  # fmt: skip


def _manifests(place: Place) -> Iterator[str]:
    folder = place.home / "registry" / "repositories" / _IMAGE / "_manifests"
    for link in folder.iterdir():
        yield f"sha256:{link.name}"


def _is_of(store: Any, digest: str, version: str) -> bool:
    """Whether a manifest is an image that says it is this version."""
    manifest = json.loads(store.manifest(_IMAGE, digest).body)
    config = manifest.get("config", {})
    if config.get("mediaType") != _CONFIG:
        return False
    labels = json.loads(store.blob(_IMAGE, config["digest"]).read_bytes()).get("config", {})
    return (labels.get("Labels") or {}).get("org.opencontainers.image.version") == version


def _gitops(place: Place, run: str) -> Found:
    log = ("log", "main", "--reverse", "--fixed-strings", f"--grep={run}")
    text = place.in_git(seed.GITOPS, *log, "--format=%s%x00%B%x01")
    commits = [each.strip().partition("\0") for each in text.split("\x01") if each.strip()]
    return {
        "GitOps commits": [subject for subject, _, _ in commits],
        "approvals in commits": [
            f"{subject}: {line}"
            for subject, _, body in commits
            for line in body.splitlines()
            if line.startswith("Approved-By: ")
        ],
        "branches of the GitOps repository": place.in_git(
            seed.GITOPS, "for-each-ref", "--format=%(refname)"
        ).split(),
    }


def _ledger(place: Place, run: str) -> Found:
    """The entries of the run, as words."""
    ref, found = "refs/slipway/ledger", Counter[str]()
    listed = place.in_git(seed.GITOPS, "for-each-ref", ref) and place.in_git(
        seed.GITOPS, "ls-tree", "-r", "--name-only", ref, "--", "books-api"
    )
    for path in listed.splitlines():
        text = place.in_git(seed.GITOPS, "cat-file", "blob", f"{ref}:{path}")
        if run in text:
            entry, (_, kind, environment, *_) = json.loads(text), path.split("/")
            found[f"{kind} {environment} {_said(entry)}".strip()] += 1
    return {"ledger": dict(found)}


def _said(entry: Json) -> str:
    if "approval" not in entry:
        return ""
    answer = entry["approval"]
    return f"{answer['decision']} by {answer['approver']}, counts: {entry['counts']}"


def _live(place: Place, digest: str) -> Found:
    found: Found = {}
    for environment in ENVIRONMENTS:
        application = place.argocd("GET", f"books-api-{environment}")["status"]
        found[f"{environment} answers"] = place.version(environment)
        found[f"{environment} is"] = (
            f"{application['sync']['status']} {application['health']['status']}"
        )
        images = application.get("summary", {}).get("images", [])
        found[f"{environment} runs"] = [each.rpartition("@")[2] for each in images]
    return found
