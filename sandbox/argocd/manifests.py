"""The manifest cache: what the sources of one application render, by their revisions."""

from sandbox.argocd.application import Object, sources_of
from sandbox.argocd.compare import tracked
from sandbox.argocd.rendering import render
from sandbox.argocd.world import World


class Manifests:
    """What was rendered before is not rendered again, even if a chart was published anew."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._rendered: dict[str, list[Object]] = {}

    def forget(self) -> None:
        self._rendered.clear()

    def at(
        self,
        application: Object,
        revisions: list[str],
        fresh: bool = False,
        specs: list[Object] | None = None,
    ) -> list[Object]:
        """The manifests at these revisions; raises RepoError.

        `specs` are the sources of an operation, when they are not the application's own.
        """
        specs = specs or sources_of(application)
        key = repr((specs, revisions))
        if fresh or key not in self._rendered:
            pairs = zip(specs, revisions, strict=True)
            sources = [self._world.open(spec, revision) for spec, revision in pairs]
            namespace = application["spec"]["destination"].get("namespace", "default")
            self._rendered[key] = render(sources, self._name, namespace)
        return [tracked(each, self._name) for each in self._rendered[key]]
