"""What is known of a revision: author and message of a commit, version of a chart."""

import asyncio
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.argocd.application import Object, sources_of
from sandbox.argocd.charts import OCI, is_chart
from sandbox.argocd.endpoints import Endpoints
from sandbox.argocd.errors import UNKNOWN, ApiError
from sandbox.rendering.repository import FULL_SHA, RepoError
from sandbox.rendering.values import parse


class Revisions(Endpoints):
    """Three questions, each for one type of source."""

    async def commit(self, request: Request) -> Response:
        source, revision = self._source(request)
        if is_chart(source) or not FULL_SHA.fullmatch(revision):
            raise ApiError(UNKNOWN, f"revision {revision} must be resolved")
        repository = self.world.repository(source["repoURL"])
        try:
            found = await asyncio.to_thread(repository.metadata, revision)
        except RepoError as error:
            raise ApiError(UNKNOWN, str(error)) from error
        when = datetime.fromtimestamp(int(found["date"]), UTC)
        return JSONResponse({**found, "date": when.strftime("%Y-%m-%dT%H:%M:%SZ")})

    async def chart(self, request: Request) -> Response:
        source, revision = self._source(request)
        if not is_chart(source) or source["repoURL"].startswith(OCI):
            raise ApiError(UNKNOWN, "unable to get chart details: not a helm repository")
        self._chart(source, revision)
        return JSONResponse({"description": "", "home": ""})

    async def oci(self, request: Request) -> Response:
        """Maps a digest to the version of the chart behind it."""
        source, revision = self._source(request)
        if not source["repoURL"].startswith(OCI):
            raise ApiError(UNKNOWN, "unable to get oci metadata: not an oci repository")
        version = self._chart(source, revision).get("version", "")
        return JSONResponse({"version": str(version)})

    def _chart(self, source: Object, revision: str) -> Object:
        try:
            text = self.world.charts.open(source, revision).read("Chart.yaml")
        except RepoError as error:
            raise ApiError(UNKNOWN, str(error)) from error
        return parse(text or "", "Chart.yaml")

    def _source(self, request: Request) -> tuple[Object, str]:
        index = int(request.query_params.get("sourceIndex", 0))
        return sources_of(self.find(request))[index], request.path_params["revision"]
