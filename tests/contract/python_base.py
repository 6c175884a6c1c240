"""A base image out of this machine's own files: Python, git, a shell, and the libraries they need."""

import io
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

TOOLS = ("sh", "env", "mkdir", "chown", "chmod", "printf", "cat", "id", "ls", "find", "git")
_SKIPPED = re.compile(r"/(site-packages|__pycache__|test|tests|idlelib|tkinter|ensurepip)(/|$)")


def write(archive: Path) -> None:
    """A tar that `docker import` takes; `python3` has pip, as the official images do."""
    with tarfile.open(archive, "w") as tar:
        for path in sorted(_files()):
            tar.add(path.resolve(), arcname=str(path), recursive=False)
        pip = Path(sysconfig.get_path("purelib")) / "pip"
        if not pip.exists():
            pip = Path(subprocess.check_output([sys.executable, "-c", _WHERE], text=True).strip())
        tar.add(pip, arcname=f"{_stdlib()}/site-packages/pip")
        for name, content in {
            "etc/passwd": "root:x:0:0::/:/bin/sh\n",
            "etc/group": "root:x:0:\n",
        }.items():
            _add(tar, name, content.encode())
        for folder in ("tmp", "usr/local/bin"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(entry)
        link = tarfile.TarInfo("usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, str(_python())
        tar.addfile(link)


_WHERE = "import pip, pathlib; print(pathlib.Path(pip.__file__).parent)"


def _python() -> Path:
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"


def _stdlib() -> Path:
    return Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))


def _files() -> set[Path]:
    found = {
        path for path in _stdlib().rglob("*") if path.is_file() and not _SKIPPED.search(str(path))
    }
    programs = {Path(f"/usr/bin/{name}") for name in TOOLS if shutil.which(name)} | {_python()}
    programs |= {Path(f"/bin/{name}") for name in TOOLS if Path(f"/bin/{name}").exists()}
    core = Path(subprocess.check_output(["git", "--exec-path"], text=True).strip())
    programs |= {core / name for name in ("git-remote-http", "git-remote-https", "git")}
    programs = {path for path in programs if path.exists()}
    native = programs | {path for path in found if path.suffix == ".so" or ".so." in path.name}
    libraries = {library for path in native for library in _needed(path)}
    everywhere = subprocess.check_output(["ldconfig", "-p"], text=True)  # every Debian has these
    libraries |= set(
        map(
            Path,
            re.findall(
                r"=> (\S*/lib(?:gcc_s|stdc\+\+|rt|dl|m|util|pthread|resolv|nss_\w+)\.so\.\d)$",
                everywhere,
                re.MULTILINE,
            ),
        )
    )
    return found | programs | libraries


def _needed(program: Path) -> set[Path]:
    """The libraries that the loader finds for it, the loader too."""
    done = subprocess.run(["ldd", str(program)], check=False, capture_output=True, text=True)
    return {Path(name) for name in re.findall(r"(/\S+) \(0x", done.stdout)}


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
