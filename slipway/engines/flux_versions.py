"""Versions of Flux's API that clusters no longer know, and what replaces them. Pure.

Source: Flux release notes. v1beta1 and v2beta1 went with 2.7 (September 2025), v1beta2 and v2beta2
with 2.8 (February 2026); an object that still names one is refused.
"""

import re

_CURRENT = {
    "source.toolkit.fluxcd.io": "v1",
    "kustomize.toolkit.fluxcd.io": "v1",
    "helm.toolkit.fluxcd.io": "v2",
}
_REFUSED = re.compile(r'no matches for kind "(\w+)" in version "([\w.-]+)/(v\d+\w+)"')


def replacement(api_version: str) -> str:
    """The version to write instead; empty when that one is current, or none of Flux's."""
    group, _, version = api_version.partition("/")
    now = _CURRENT.get(group)
    return f"{group}/{now}" if now and "beta" in version else ""


def outdated(message: str) -> str:
    """What is wrong, when a message is the refusal of a removed version; empty when it is not."""
    found = _REFUSED.search(message)
    now = replacement(f"{found[2]}/{found[3]}") if found else ""
    if not (found and now):
        return ""
    return (
        f"the manifest of a {found[1]} uses a removed version, {found[2]}/{found[3]}: "
        f"write apiVersion: {now}"
    )
