"""The types of Flux's objects, as the Kubernetes API names them."""

from slipway.clients.kubernetes_resources import Resource

_SOURCE = "source.toolkit.fluxcd.io"
HELM_CHART = Resource(_SOURCE, "v1", "helmcharts", "HelmChart")
HELM_RELEASE = Resource("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease")
KUSTOMIZATION = Resource("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization")
KINDS = {
    each.kind: each
    for each in (
        HELM_CHART,
        HELM_RELEASE,
        KUSTOMIZATION,
        Resource(_SOURCE, "v1", "gitrepositories", "GitRepository"),
        Resource(_SOURCE, "v1", "ocirepositories", "OCIRepository"),
        Resource(_SOURCE, "v1", "helmrepositories", "HelmRepository"),
        Resource(_SOURCE, "v1", "buckets", "Bucket"),
    )
}
