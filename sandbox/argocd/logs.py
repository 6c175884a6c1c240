"""The logs of a pod, line by line, as the API server passes them on."""

import json
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sandbox.argocd.accounts import require
from sandbox.argocd.application import target
from sandbox.argocd.endpoints import Endpoints
from sandbox.argocd.errors import INVALID, ApiError
from sandbox.cluster.pod import timestamp
from sandbox.kubernetes.core import log
from sandbox.kubernetes.errors import StatusError


class Logs(Endpoints):
    """GET logs, of a pod in the path or in the query."""

    async def read(self, request: Request) -> Response:
        application, query = self.find(request), dict(request.query_params)
        require(self.caller(request), "get", target(application), resource="logs")
        name = request.path_params.get("pod") or query.get("podName", "")
        pods = [each for each in self.world.live(application) if each["kind"] == "Pod"]
        chosen = [each for each in pods if name in ("", each["metadata"]["name"])]
        namespace = application["spec"]["destination"].get("namespace", "default")
        texts: dict[str, str] = {}
        try:
            for pod in chosen:
                own = pod["metadata"]["name"]
                texts[own] = log(self.world.cluster, namespace, own, query)
        except StatusError as error:
            raise ApiError(INVALID, str(error)) from error
        return StreamingResponse(_lines(texts), media_type="application/json")


def _lines(texts: dict[str, str]) -> Iterator[str]:
    """One JSON document a line; the last one says so."""
    now = timestamp()
    for pod, text in texts.items():
        for line in text.splitlines():
            entry = {"content": line, "timeStamp": now, "last": False, "timeStampStr": now}
            yield json.dumps({"result": {**entry, "podName": pod}}) + "\n"
    end = {"content": "", "timeStamp": now, "last": True, "timeStampStr": now, "podName": ""}
    yield json.dumps({"result": end}) + "\n"
