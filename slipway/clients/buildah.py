"""buildah: builds Dockerfiles without an engine.

Every build has a store of its own in a folder that is removed with it, so builds share nothing and
leave nothing. Images come out as a folder in the OCI layout: pushing is not left to buildah, which
may end well without having pushed an index. Only registries are read from: FROM cannot name a
folder, an archive or an engine of this machine.

Steps run with BUILDAH_ISOLATION, `chroot` unless the environment says otherwise. As root they see
the processes of the build alone; all of them end when the process that asked for them does.
"""

import contextlib
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Self

from slipway.clients.buildah_failures import MISMATCH, build_failure, failure, foreign_base
from slipway.clients.oci_layout import Layout
from slipway.clients.process import Ended, Limit, environment, run
from slipway.clients.recipe import Recipe
from slipway.clients.registry_auth import Access
from slipway.clients.scratch import scratch
from slipway.errors import Final

_MACHINE_POLICY = Path("/etc/containers/policy.json")
_ANYTHING = [{"type": "insecureAcceptAnything"}]
_IMAGE = "built"  # its name in the store
_CONTAINED = ("setpriv", "--pdeathsig=KILL")
_ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


class Buildah:
    """One build of at most `limit` seconds, in `folder`; see `opened`."""

    def __init__(
        self, folder: Path, limit: float, plain: tuple[str, ...], access: Access | None
    ) -> None:
        self._folder, self._limit = folder, Limit(limit)
        for name in ("context", "home"):
            (folder / name).mkdir()
        self._write("auth.json", access.document if access else {})
        self._write("policy.json", _policy())
        (folder / "registries.conf").write_text(_registries(plain), encoding="utf-8")

    @classmethod
    @contextlib.contextmanager
    def opened(cls, limit: float, plain: tuple[str, ...], access: Access | None) -> Iterator[Self]:
        """Give a folder to one build; it is gone afterwards.

        `plain` registries are spoken to without TLS; `access` is for base images of its registry.
        Final when buildah is not installed.
        """
        if not shutil.which("buildah"):
            raise Final(
                "buildah was not found",
                "install buildah (and uidmap, where the worker is not root) or choose another"
                " image.builder",
            )
        with scratch() as folder:
            yield cls(folder, limit, plain, access)

    def build(self, context: IO[bytes], recipe: Recipe, created: datetime) -> Layout:
        """Build the tar `context`; an index when there are several platforms.

        The same input gives the same bytes. Raises Retryable when a registry is busy or out of
        reach, Final, InvalidInput, NotFound or Unauthorized otherwise; Final when the time is up.
        """
        source = self._folder / "context"
        with tarfile.open(fileobj=context) as archive:
            archive.extraction_filter = _as_packed
            archive.extractall(source)  # noqa: S202  # we packed it: files and folders alone
        ended = self._run(*self._build_options(source, recipe, created), recipe=recipe)
        if ended.status:
            dockerfile = (source / recipe.dockerfile).read_text(errors="replace")
            raise build_failure(recipe.what, ended.status, ended.lines, dockerfile)
        foreign = foreign_base(recipe.what, ended.noticed)
        if foreign:
            raise foreign
        return self._taken_out(recipe)

    def _build_options(self, source: Path, recipe: Recipe, created: datetime) -> list[str]:
        ignore = source / ".dockerignore"
        if not ignore.is_file():
            ignore = self._folder / "nothing-ignored"
            ignore.touch()
        named = "--manifest" if len(recipe.platforms) > 1 else "--tag"
        return [
            "build",
            "--format=oci",
            "--layers=false",
            "--identity-label=false",  # another version of buildah, the same bytes
            f"--timestamp={int(created.timestamp())}",
            f"--signature-policy={self._folder / 'policy.json'}",
            f"--ignorefile={ignore}",
            f"--platform={','.join(recipe.platforms)}",
            f"--file={source / recipe.dockerfile}",
            f"{named}={_IMAGE}",
            *recipe.options(self._folder),
            str(source),
        ]

    def _taken_out(self, recipe: Recipe) -> Layout:
        push = ["manifest", "push", "--all"] if len(recipe.platforms) > 1 else ["push"]
        layout = self._folder / "layout"
        policy = f"--signature-policy={self._folder / 'policy.json'}"
        ended = self._run(*push, policy, _IMAGE, f"oci:{layout}", recipe=recipe)
        if ended.status or not (layout / "index.json").is_file():
            raise failure(recipe.what, ended.lines)
        return Layout(layout)

    def _run(self, *arguments: str, recipe: Recipe) -> Ended:
        store = [f"--root={self._folder / 'root'}", f"--runroot={self._folder / 'run'}"]
        around = [*_CONTAINED, *(_ALONE if os.geteuid() == 0 else ())]
        return run(
            [*around, "buildah", *store, *arguments],
            self._environment(),
            self._limit,
            recipe.what,
            hidden=recipe.hidden(),
            notice=MISMATCH,
        )

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        return environment(
            folder / "home",
            "STORAGE_DRIVER",
            "STORAGE_OPTS",
            XDG_RUNTIME_DIR=str(folder / "home"),
            BUILDAH_ISOLATION=os.environ.get("BUILDAH_ISOLATION", "chroot"),
            REGISTRY_AUTH_FILE=str(folder / "auth.json"),
            CONTAINERS_REGISTRIES_CONF=str(folder / "registries.conf"),
        )

    def _write(self, name: str, document: dict[str, Any]) -> None:
        file = self._folder / name
        file.touch(mode=0o600)
        file.write_text(json.dumps(document), encoding="utf-8")


def _as_packed(member: tarfile.TarInfo, _target: str) -> tarfile.TarInfo:
    """Modes as they are: Python's own filters, where it has them, let the umask decide."""
    return member


def _policy() -> dict[str, Any]:
    """What this machine asks of images in registries; images from elsewhere are refused."""
    machine: dict[str, Any] = {}
    with contextlib.suppress(FileNotFoundError):
        machine = json.loads(_MACHINE_POLICY.read_text(encoding="utf-8"))
    registries = machine.get("transports", {}).get("docker", {})
    registries.setdefault("", machine.get("default", _ANYTHING))
    own = {"containers-storage": {"": _ANYTHING}, "docker": registries}
    return {"default": [{"type": "reject"}], "transports": own}


def _registries(plain: tuple[str, ...]) -> str:
    """Short names mean Docker Hub, as in a Docker engine."""
    lines = ['unqualified-search-registries = ["docker.io"]', 'short-name-mode = "disabled"']
    for host in plain:
        lines += ["[[registry]]", f"location = {json.dumps(host)}", "insecure = true"]
    return "\n".join([*lines, ""])
