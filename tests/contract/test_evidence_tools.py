"""Bills of materials and scans: made by programs that are installed, told plainly when not."""

import base64
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from slipway.errors import NotTrusted
from slipway.evidence import collect, sbom
from slipway.evidence.scan import scan
from slipway.model import Image
from tests.contract.evidence_place import PASSWORD, Place, a_place, listing, program

LOCK = json.dumps(
    {
        "name": "shop", "version": "1.2.0", "lockfileVersion": 3, "requires": True,
        "packages": {
            "": {"name": "shop", "version": "1.2.0", "dependencies": {"left-pad": "1.3.0"}},
            "node_modules/left-pad": {
                "version": "1.3.0",
                "resolved": "https://user:marker-word@packages.example/left-pad-1.3.0",
                "license": "WTFPL",
            },
        },
    }
).encode()  # fmt: skip
PACKAGE = b'{"name": "shop", "version": "1.2.0", "dependencies": {"left-pad": "1.3.0"}}'
NPM = {
    "package-lock.json": LOCK,
    "package.json": PACKAGE,
    ".npmrc": b"registry=https://evil.example",
}
BOM = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "components": [{"type": "library", "name": "x"}],
}
ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with a_place(tmp_path) as place:
        place.image_rules = {"sbom": True}
        yield place


def bins(place: Place) -> Path:
    return place.registry_folder.parent / "bin"


def only(place: Place, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Have nothing on the search path but these programs of the machine and the test's own."""
    bins(place).mkdir(exist_ok=True)
    for name in ("git", "sh", "cat", "sleep", *names):
        found = shutil.which(name)
        assert found
        (bins(place) / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(bins(place)))


def attached(place: Place, image: Image) -> Any:
    """The one bill of materials that is attached to the image."""
    [envelope], [bundle] = place.layers(image, sbom.PREDICATE), place.bundles(image, sbom.PREDICATE)
    assert envelope == bundle["dsseEnvelope"]
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["predicateType"] == "https://cyclonedx.org/bom"
    [subject] = statement["subject"]
    assert f"sha256:{subject['digest']['sha256']}" == image.digest
    return statement["predicate"]


def is_valid(document: Any) -> bool:
    """Whether CycloneDX's own schema accepts the document."""
    version = SchemaVersion.from_version(document["specVersion"])
    return JsonStrictValidator(version).validate_str(json.dumps(document)) is None


def test_B53_the_bill_of_materials_is_about_the_shipped_digest(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(place, monkeypatch)
    program(bins(place), "syft", f"""echo "$@" > {bins(place)}/asked; echo '{json.dumps(BOM)}'""")
    _, image, evidence = place.delivered()
    document = attached(place, image)
    component = document["metadata"]["component"]
    assert component["type"] == "container"
    assert component["version"] == image.digest
    assert component["purl"].startswith(f"pkg:oci/books-api@sha256%3A{image.digest[7:]}?")
    assert (bins(place) / "asked").read_text() == (
        f"scan registry:{image.reference} -o cyclonedx-json\n"
    )
    assert evidence.sbom == "attached: 1 component (syft, from the image)"


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_B53_npm_reads_the_lock_file_of_the_release_commit(place: Place) -> None:
    if shutil.which("syft"):
        pytest.skip("syft comes first")
    _, image, evidence = place.delivered(**NPM)
    document = attached(place, image)
    assert [part["name"] for part in document["components"]] == ["left-pad"]
    assert evidence.sbom == "attached: 1 component (npm, from package-lock.json)"
    assert "marker-word" not in json.dumps(document)
    assert "https://packages.example/left-pad-1.3.0" in json.dumps(document)
    root = document["metadata"]["component"]["bom-ref"]
    assert root in [each["ref"] for each in document["dependencies"]]
    assert is_valid(document)


def test_B53_cyclonedx_py_reads_requirements(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    only(place, monkeypatch)
    (bins(place) / "cyclonedx-py").symlink_to(Path(sys.prefix) / "bin" / "cyclonedx-py")
    lines = b"httpx==0.28.1\nanyio==4.0.0\n"
    _, image, evidence = place.delivered(**{"requirements.txt": lines})
    assert evidence.sbom == "attached: 2 components (cyclonedx-py, from requirements.txt)"
    assert is_valid(attached(place, image))


@pytest.mark.parametrize("line", ["-r /etc/passwd", "  -c other.txt"])
def test_X21_requirements_that_reach_out_are_not_read(
    line: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(place, monkeypatch)
    program(bins(place), "cyclonedx-py", f"echo '{json.dumps(BOM)}'")
    _, image, evidence = place.delivered(**{"requirements.txt": line.encode()})
    assert "requirements.txt holds more than names and versions" in evidence.sbom
    assert place.layers(image, sbom.PREDICATE) == []


def test_nothing_installed_is_said_and_is_no_error(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(place, monkeypatch)
    _, image, evidence = place.delivered(**NPM)
    assert evidence.sbom == "none: none of syft, npm, cyclonedx-py is installed"
    assert evidence.key == place.key
    assert place.layers(image, sbom.PREDICATE) == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 1", "syft ended with 1"),
        ("echo hello", "syft printed something other than CycloneDX JSON"),
        ("echo '[]'", "syft printed something other than CycloneDX JSON"),
    ],
)
def test_a_generator_that_fails_is_said_and_the_next_one_is_asked(
    script: str, said: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(place, monkeypatch)
    program(bins(place), "syft", script)
    release, image, evidence = place.delivered(**NPM)
    assert evidence.sbom == f"none: {said}"
    program(bins(place), "npm", f"ls > {bins(place)}/seen; echo '{json.dumps(BOM)}'")
    (bins(place) / "ls").symlink_to("/bin/ls")
    again = place.attest(release, image)
    assert again.sbom == "attached: 1 component (npm, from package-lock.json)"
    assert (bins(place) / "seen").read_text().split() == ["package-lock.json", "package.json"]


def test_B36_a_bill_of_materials_is_made_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(place, monkeypatch)
    program(bins(place), "syft", f"""echo x >> {bins(place)}/runs; echo '{json.dumps(BOM)}'""")
    release, image, first = place.delivered()
    assert place.attest(release, image, run="run-2").sbom == first.sbom
    assert (bins(place) / "runs").read_text() == "x\n"
    assert attached(place, image)["components"] == BOM["components"]
    found = collect.examine(place.service, release, image, place.settings)
    assert found.sbom == first.sbom


def scanning(place: Place, monkeypatch: pytest.MonkeyPatch, script: str, **rules: Any) -> None:
    only(place, monkeypatch)
    program(bins(place), "scanner", script)
    command = ["scanner", "--image", "{image}"]
    place.image_rules = {"sbom": False, "scan": {"command": command, **rules}}


def test_B54_a_clean_scan_is_told_with_the_scanned_digest(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanning(place, monkeypatch, f"""echo "$@" > {bins(place)}/asked; echo '{listing()}'""")
    _, image, evidence = place.delivered()
    assert evidence.scan.done
    assert (bins(place) / "asked").read_text() == f"--image {image.reference}\n"
    assert "* Vulnerabilities: scanned: no known vulnerabilities" in place.page()


def test_B54_the_gate_stops_and_the_notes_tell_why(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = listing(("CVE-1", "critical"), ("CVE-2", "high"), ("CVE-3", "low"))
    scanning(place, monkeypatch, f"echo '{found}'")
    with pytest.raises(NotTrusted, match=r"that are high or worse: CVE-1 \(critical\), CVE-2 \(hi"):
        place.delivered()
    assert "* Vulnerabilities: scanned: 1 critical, 1 high, 1 low" in place.page()


def test_B54_what_is_accepted_does_not_stop(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    scanning(place, monkeypatch, f"echo '{listing(('CVE-2', 'high'))}'", fail_on="critical")
    _, _, evidence = place.delivered()
    assert evidence.scan.summary == "scanned: 1 high"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 2", "scanner ended with 2"),
        ("echo no database >&2; exit 1", "no database"),
        (f"echo '{listing()}'; exit 1", "scanner ended with 1"),
        ("echo nothing to see", "scanner printed no list of vulnerabilities"),
        ('echo \'{"bomFormat": "CycloneDX"}\'', "scanner printed no list of vulnerabilities"),
        ("exec sleep 60", "scanner took longer than 1 s"),
        (f"cat $HOME/config.json >&2; echo {PASSWORD} >&2; exit 1", "***"),
    ],
)
def test_B54_X71_a_scan_that_could_not_run_blocks_and_never_reads_as_clean(
    script: str, said: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanning(place, monkeypatch, script, timeout="1s")
    release = place.release()
    image = place.built(release)
    with pytest.raises(NotTrusted, match="is not scanned: ") as caught:
        place.attest(release, image)
    assert said in caught.value.message
    told = place.page()
    assert "* Vulnerabilities: not scanned: " in told
    assert "no known vulnerabilities" not in told
    assert PASSWORD not in told + str(caught.value)
    with pytest.raises(NotTrusted):
        collect.examine(place.service, release, image, place.settings)


def test_B54_a_missing_scanner_blocks(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    scanning(place, monkeypatch, "")
    (bins(place) / "scanner").unlink()
    with pytest.raises(NotTrusted, match="not scanned: scanner is not installed"):
        place.delivered()


def test_B54_without_a_scanner_nothing_is_known_and_nothing_is_stopped(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(place, monkeypatch)
    place.image_rules = {"sbom": False}
    _, image, evidence = place.delivered()
    assert not evidence.scan.done
    assert evidence.scan.summary == "not scanned: no scanner is configured"
    assert scan(place.service, image, place.settings).objection is None


def test_no_shell_reads_the_command(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    scanning(place, monkeypatch, f"""echo "$2" > {bins(place)}/asked; echo '{listing()}'""")
    rules = {"command": ["scanner", "{image}", "$(id); `id`"]}
    place.image_rules = {"sbom": False, "scan": rules}
    place.delivered()
    assert (bins(place) / "asked").read_text() == "$(id); `id`\n"
