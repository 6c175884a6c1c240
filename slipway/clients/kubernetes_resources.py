"""How Kubernetes names what it keeps, and what of it the engines read."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Resource:
    """One type of namespaced objects, as the API and its access rules name it."""

    group: str  # empty: the core group
    version: str
    plural: str
    kind: str
    subresource: str = ""

    @property
    def rule(self) -> str:
        """Its name in a Role, as in `applications.argoproj.io` and `pods/log`."""
        below = f"/{self.subresource}" if self.subresource else ""
        return f"{self.plural}{below}" + (f".{self.group}" if self.group else "")

    @property
    def api_version(self) -> str:
        """As a manifest has it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str, name: str = "") -> str:
        """Where its objects are, or one of them."""
        root = ["apis", self.group] if self.group else ["api"]
        parts = [*root, self.version, "namespaces", namespace, self.plural]
        parts += [name, self.subresource] if name else []
        return "/" + "/".join(quote(part, safe="") for part in parts if part)


@dataclass(frozen=True)
class Call:
    """One act on one object or on a list, as access rules and people name it."""

    verb: str  # get, list, watch, patch, create
    resource: Resource
    namespace: str
    name: str = ""

    @property
    def what(self) -> str:
        """For people, as in "patch Application/books in namespace argocd"."""
        one = f"{self.resource.kind}/{self.name}" if self.name else f"every {self.resource.kind}"
        return f"{_WORDS.get(self.verb, self.verb)} {one} in namespace {self.namespace}"


_WORDS = {"get": "read", "list": "read", "create": "make"}

APPLICATION = Resource("argoproj.io", "v1alpha1", "applications", "Application")
PROJECT = Resource("argoproj.io", "v1alpha1", "appprojects", "AppProject")
ROLLOUT = Resource("argoproj.io", "v1alpha1", "rollouts", "Rollout")
DEPLOYMENT = Resource("apps", "v1", "deployments", "Deployment")
STATEFUL_SET = Resource("apps", "v1", "statefulsets", "StatefulSet")
DAEMON_SET = Resource("apps", "v1", "daemonsets", "DaemonSet")
JOB = Resource("batch", "v1", "jobs", "Job")
CRON_JOB = Resource("batch", "v1", "cronjobs", "CronJob")
REPLICA_SET = Resource("apps", "v1", "replicasets", "ReplicaSet")
POD = Resource("", "v1", "pods", "Pod")
POD_LOG = Resource("", "v1", "pods", "log of Pod", "log")
EVENT = Resource("", "v1", "events", "Event")
