"""The service file of a new service, with comments for the person who goes on with it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from slipway.layout.text import scalar

_HEAD = """\
# yaml-language-server: $schema=service.schema.json
# Every key is described in docs/steps/.
service: {service}
source:
  repository: {repository}
  branch: main
release:
  mode: pull-request # or commit, or tag
  stamp: [package.json] # files that carry the version
image:
  repository: {image}
  builder: docker # or buildah, or layer
  dockerfile: Dockerfile
gitops:
  repository: {gitops}
  branch: main
environments:
"""
_ENVIRONMENT = """\
  - name: {name}
{order}    updates: # what a release writes into the GitOps repository
      - {{file: {file}, key: image.tag, value: "{{version}}"}}
      - {{file: {file}, key: image.digest, value: "{{digest}}"}}
    application: {{engine: {engine}, name: {application}{project}, sync: {sync}}}
    smoke:
      url: https://{application}.example.com/ # a page that tells whether the service works
      expect: {{status: 200}}
"""
_GATE = "    gate: {{approvers: [{names}], expires: 24h}}\n"
_NO_GATE = "    # gate: {approvers: [ana@example.com], expires: 24h} # who has to agree\n"


class New(NamedTuple):
    """What is known of a new service."""

    service: str
    repository: str
    image: str
    gitops: str
    environments: Sequence[str]
    approvers: Sequence[str]  # of the last environment
    engine: str


def service_file(new: New) -> str:
    """The file's text. The last of several environments waits for a person and is synced by us."""
    head = _HEAD.format(
        service=scalar(new.service),
        repository=scalar(new.repository),
        image=scalar(new.image),
        gitops=scalar(new.gitops),
    )
    return head + "".join(_environment(new, at) for at in range(len(new.environments)))


def _environment(new: New, at: int) -> str:
    name, argocd = new.environments[at], new.engine != "flux"
    order = f"    after: [{scalar(new.environments[at - 1])}]\n" if at else ""
    last = at > 0 and at == len(new.environments) - 1
    if last:
        names = ", ".join(map(scalar, new.approvers))
        order += _GATE.format(names=names) if names else _NO_GATE
    return _ENVIRONMENT.format(
        name=scalar(name),
        order=order,
        file=scalar(f"{new.service}/values-{name}.yaml"),
        engine=new.engine,
        application=f"{new.service}-{name}",
        project=f", project: {scalar(new.service)}" if argocd else "",
        sync="manual" if last and argocd else "automatic",
    )
