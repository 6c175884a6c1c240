"""The credential that a command of a kubeconfig gives, such as a cloud provider's.

Source of the exchange: client.authentication.k8s.io, v1 and v1beta1. Only tokens are taken. The
command gets no terminal, and is ended with all it started when it takes too long.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import suppress

import httpx2
from lightkube.config.models import UserExec
from lightkube.core.exceptions import ConfigError

from slipway.text import printable, redacted

_API = "client.authentication.k8s.io"
_LONGEST = 30.0  # seconds


class Command(httpx2.Auth):
    """Asks the command at the first request, and again when the server refuses its token."""

    def __init__(self, spec: UserExec, seconds: float = _LONGEST) -> None:
        self._spec, self._seconds, self._token = spec, seconds, ""

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Raises ConfigError when the command gives no token."""
        kept = bool(self._token)
        self._token = self._token or self._asked()
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == 401 and kept:
            self._token = self._asked()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _asked(self) -> str:
        if self._spec.apiVersion not in (f"{_API}/v1", f"{_API}/v1beta1"):
            raise ConfigError(f"credentials of {self._spec.apiVersion} are not supported")
        try:
            status = json.loads(self._output())["status"]
            token = status["token"]
        except (ValueError, LookupError, TypeError):
            token = None
        if not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token):
            raise ConfigError(f"the command {self._spec.command} gave no token")
        return token

    def _output(self) -> bytes:
        command = [self._spec.command, *(self._spec.args or ())]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(),
            start_new_session=True,
        )
        with process:
            try:
                output, said = process.communicate(timeout=self._seconds)
            except subprocess.TimeoutExpired:
                late = f"the command {self._spec.command} did not end within {self._seconds:.0f} s"
                raise ConfigError(late) from None
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)  # all it started, and left behind
        if process.returncode:
            why = printable(redacted(said.decode(errors="replace")))
            raise ConfigError(f"the command {self._spec.command} failed: {why}")
        return output

    def _environment(self) -> Mapping[str, str]:
        spec = {"interactive": False}
        told = {"apiVersion": self._spec.apiVersion, "kind": "ExecCredential", "spec": spec}
        own = {each.name: each.value for each in self._spec.env or ()}
        return {**os.environ, "KUBERNETES_EXEC_INFO": json.dumps(told), **own}
