"""What kinds of custom resources there are, and those that the engines use."""

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind at its one served version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    status: bool = True  # whether it has a /status subresource

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}"

    @property
    def resource(self) -> str:
        """As messages and access rules name it: `applications.argoproj.io`."""
        return f"{self.plural}.{self.group}"


_SOURCE, _KUSTOMIZE = "source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io"
APPLICATION = Kind("argoproj.io", "v1alpha1", "applications", "Application", status=False)
APP_PROJECT = Kind("argoproj.io", "v1alpha1", "appprojects", "AppProject", status=False)
GIT_REPOSITORY = Kind(_SOURCE, "v1", "gitrepositories", "GitRepository")
OCI_REPOSITORY = Kind(_SOURCE, "v1", "ocirepositories", "OCIRepository")
HELM_REPOSITORY = Kind(_SOURCE, "v1", "helmrepositories", "HelmRepository")
HELM_CHART = Kind(_SOURCE, "v1", "helmcharts", "HelmChart")
KUSTOMIZATION = Kind(_KUSTOMIZE, "v1", "kustomizations", "Kustomization")
HELM_RELEASE = Kind("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease")
ARGO_CD = (APPLICATION, APP_PROJECT)
FLUX = (
    GIT_REPOSITORY,
    OCI_REPOSITORY,
    HELM_REPOSITORY,
    HELM_CHART,
    KUSTOMIZATION,
    HELM_RELEASE,
)
