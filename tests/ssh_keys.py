"""SSH keys of people, and what they sign, for tests."""

import subprocess
from pathlib import Path


class Keys:
    """Key pairs of people, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def public(self, name: str) -> str:
        file = self._folder / name
        if not file.exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return file.with_suffix(".pub").read_text().strip()

    def file(self, name: str) -> Path:
        """The file of the private key."""
        self.public(name)
        return self._folder / name

    def sign(self, name: str, text: str, namespace: str = "slipway-approval") -> str:
        self.public(name)
        done = subprocess.run(
            ["ssh-keygen", "-q", "-Y", "sign", "-f", str(self._folder / name), "-n", namespace],
            check=True, input=text, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout
