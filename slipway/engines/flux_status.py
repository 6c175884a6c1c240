"""From the objects of a Flux chain to an Observation. Pure: shapes in, values out.

Flux has no object that says "commit X runs": each link says which revision of the link before it
has taken. Source: Flux v2.9.4 (source-controller 1.9, kustomize-controller 1.9, helm-controller
1.6). How it becomes what `readiness.judge` understands:

| field | HelmRelease | Kustomization |
|---|---|---|
| `revisions` | the commit in the chart that was last attempted (`lastAttemptedRevision` equal to the HelmChart's `artifact.revision`, which holds `+` and 12 hex digits of its `observedSourceArtifactRevision`); only these 12 digits while the chart has moved on; of an OCI chart the digest | `lastAttemptedRevision`; of an OCI artifact the commit that it names as its origin |
| `sync` | Synced: `history[0]` is deployed, and has the attempted chart version and `configDigest` | Synced: `lastAppliedRevision` is the attempted one, or all is applied and only health is missing |
| `health` | Ready and Released; Stalled or not ready at rest: Degraded | condition Healthy where something is checked, else Ready |
| `health_proven` | False with `disableWait` | False without `wait` and `healthChecks` |
| `operation` | Running: Reconciling, or generation not observed; Failed: Stalled, or a rollback is deployed; None: ended well | the same; a failure that is tried again is no operation, but a condition |
| `conditions` | `SourceError`: the source or chart is not ready | the same, and `ReconcileError` |
| `hold` | waits behind an older commit, or has not taken the newer one, and why; or the source or chart is not Ready with today's generation and at rest | the same |
| `stop` | suspended, strategy ChartVersion, a removed version, a source that has stalled | the same |
| `health_since`, `reconciled_at` | `lastTransitionTime` of Ready: it is Unknown during each attempt | the same |

A token in `lastHandledReconcileAt` is not read: it is echoed by failed and suspended objects too.
"""  # noqa: E501  # a table's rows are lines

import re
from collections.abc import Sequence

from slipway.engines.flux_chain import (
    Chain,
    checked_links,
    reads_commits,
    reads_ours,
)
from slipway.engines.flux_kustomization import kustomization
from slipway.engines.flux_objects import (
    Json,
    condition,
    current,
    deleting,
    named,
    part,
    since,
    text,
)
from slipway.engines.flux_reading import Reading, broken, unready
from slipway.engines.flux_reads import reads
from slipway.engines.flux_release import release
from slipway.engines.flux_stops import stop
from slipway.readiness.observation import Condition, Observation, Pin, Tag, Workload
from slipway.readiness.references import scalars
from slipway.service import GitOps

_EXACT = re.compile(r"\d+\.\d+\.\d+[\w.+-]*", re.ASCII)
_OWNER = "kustomize.toolkit.fluxcd.io/name"  # label of what a Kustomization applied


def observation(
    chain: Chain,
    workloads: Sequence[Workload] = (),
    gitops: GitOps | None = None,
    parent: Observation | None = None,
) -> Observation:
    """What one reading of the chain says.

    Raises InvalidInput when it reads another branch than the one we push to, or another repository,
    and no `parent` reads that one for it.
    """
    ours, last = reads_ours(chain, gitops, below=parent is not None), chain.last
    read, ready = _read(chain), condition(last, "Ready")
    return Observation(
        sources=1,
        index=0 if ours else -1,
        revisions=(read.reached,) if read.reached else (),
        compared_to_spec=all(current(link) for link in checked_links(chain)),
        sync=read.sync,
        health=read.health,
        health_since=since(ready),
        reconciled_at=since(ready),
        operation_requested=False,
        operation=read.operation,
        conditions=(*broken(chain), *_failing(read, chain)),
        deleting=deleting(last),
        skip_reconcile=False,
        auto_sync=True,
        has_parent=parent is not None or _OWNER in part(last, "metadata", "labels"),
        out_of_sync=(named(last),) if read.sync == "OutOfSync" else (),
        workloads=tuple(workloads),
        stop=stop(chain, ours),
        hold=read.hold or unready(chain),
        health_proven=read.proven,
        reads=reads(chain) if ours else (),
        parent=parent,
        tags=_tags(chain),
        pins=_pins(chain),
        spec_values=tuple(value for link in _described(chain, ours) for value in scalars(link)),
    )


def _read(chain: Chain) -> Reading:
    return kustomization(chain) if chain.last.get("kind") == "Kustomization" else release(chain)


def _failing(read: Reading, chain: Chain) -> tuple[Condition, ...]:
    words = f"{named(chain.last)}: {read.failing}"
    return (Condition("ReconcileError", words),) if read.failing else ()


def _described(chain: Chain, ours: bool) -> list[Json]:
    """Specifications that a commit may change: the object's own, and that of a chart's source."""
    sources = [] if ours else [chain.source or {}]
    return [part(each, "spec") for each in (chain.last, *sources)]


def _pins(chain: Chain) -> tuple[Pin, ...]:
    """A chart of a HelmRepository is known by its exact version, one of a registry by a digest."""
    source = chain.source or {}
    if source.get("kind") == "OCIRepository" and not reads_commits(chain):
        named_one = text(source, "spec", "ref", "digest")  # it wins over semver and tag
        return (Pin(0, named_one),) if named_one else ()
    version = text(chain.last, "spec", "chart", "spec", "version")
    exact = source.get("kind") == "HelmRepository" and _EXACT.fullmatch(version)
    return (Pin(0, version),) if exact else ()


def _tags(chain: Chain) -> tuple[Tag, ...]:
    """A chart that is taken from a registry by its tag: the digest behind the tag proves it."""
    source = chain.source or {}
    if source.get("kind") != "OCIRepository" or reads_commits(chain):
        return ()
    reference = part(source, "spec", "ref")
    tag = text(reference, "tag") or ("" if reference else "latest")
    if not tag or text(reference, "digest") or text(reference, "semver"):
        return ()
    return (Tag(0, f"{text(source, 'spec', 'url').removeprefix('oci://')}:{tag}"),)
