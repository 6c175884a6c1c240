"""A user without rights builds with buildah what root builds, to the byte."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.builders import builder_for
from slipway.service import ImageRules
from tests.contract.docker_engine import RegistryLogin
from tests.contract.images import NAME, settings_for, source, target, tools
from tests.contract.shelf import assert_nothing_left

PYTHON = Path("/usr/bin/python{}.{}".format(*sys.version_info))
STEP = 'RUN ["/bin/sh", "-c", "echo made > /made && chown 7:8 /made"]\n'
_CHILD = """
import sys
from pathlib import Path
from slipway.builders import builder_for
from slipway.settings import load
from slipway.service import ImageRules
from tests.contract.docker_engine import RegistryLogin
from tests.contract.images import target
rules = ImageRules.model_validate_json(sys.argv[1])
login = RegistryLogin(*sys.argv[2:4], "")
print(builder_for(rules, load()).build(Path("source"), target(login)))
"""
_SOMEBODY = 20000  # a user that no machine has
_CHECKOUT = Path(__file__).parents[2]
# In a mount name space of its own, the user exists, has subordinate ids, and may read the code.
_AS_SOMEBODY = """
for name in passwd subuid subgid; do mount --bind "$1/$name" "/etc/$name"; done
mount --bind "$CHECKOUT" "$1/code"
cd "$1" && shift
exec setpriv --reuid 20000 --regid 20000 --clear-groups --inh-caps=-all "$@"
"""


@pytest.mark.usefixtures("buildah")
@pytest.mark.skipif(os.geteuid() != 0, reason="without root, every build is one without rights")
@pytest.mark.skipif(not PYTHON.exists(), reason="no Python that every user may run")
def test_B39_a_user_without_rights_builds_the_same_image(
    somebody: Path, login: RegistryLogin, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {
        "Dockerfile": "FROM scratch\nCOPY tools /\nCOPY . /app\n" + STEP
    }
    files |= tools("sh", "chown")
    rules = ImageRules(repository=f"{login.address}/{NAME}", builder="buildah")
    builder = builder_for(rules, settings_for(login))
    first = builder.build(source(tmp_path / "s", files), target(login))
    source(somebody / "source", files)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", _AS_SOMEBODY, "-", str(somebody), str(PYTHON),
         "-c", _CHILD, rules.model_dump_json(by_alias=True), login.address, login.username],
        env={
            "PATH": os.environ["PATH"],
            "TMPDIR": str(somebody / "tmp"),
            "CHECKOUT": str(_CHECKOUT),
            "PYTHONPATH": _readable([str(_CHECKOUT), *sys.path], somebody / "code"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SLIPWAY_REGISTRY_USERNAME": login.username,
            "SLIPWAY_REGISTRY_PASSWORD": login.password,
            "SLIPWAY_PLAIN_HTTP_REGISTRIES": login.address,
        },
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout.strip() == first, done.stderr
    assert_nothing_left(somebody / "tmp")


def _readable(paths: list[str], code: Path) -> str:
    """The search path with the checkout where it is mounted: its own folder may be private."""
    inside = [Path(path).is_relative_to(_CHECKOUT) for path in paths]
    return os.pathsep.join(
        str(code / Path(path).relative_to(_CHECKOUT)) if moved else path
        for path, moved in zip(paths, inside, strict=True)
    )


@pytest.fixture
def somebody() -> Iterator[Path]:
    """A folder of a user without rights, and the files that make the user one of the machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in (folder / "tmp", folder / "code"):
            path.mkdir()
        for path in (folder, folder / "tmp"):
            os.chown(path, _SOMEBODY, _SOMEBODY)
        account = f"somebody:x:{_SOMEBODY}:{_SOMEBODY}::{folder}:/bin/sh\n"
        (folder / "passwd").write_text(Path("/etc/passwd").read_text() + account)
        for table in ("subuid", "subgid"):
            (folder / table).write_text("somebody:300000:65536\n")
        yield folder
