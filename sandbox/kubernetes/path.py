"""The parts of a request path."""

import re
from dataclasses import dataclass

_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<sub>[^/]+))?)?"
)


@dataclass(frozen=True)
class Path:
    """Which resource, object or part of an object a request is about."""

    group: str
    version: str
    namespace: str
    plural: str
    name: str
    sub: str

    @property
    def object_resource(self) -> str:
        """`plural.group`, or the plural alone for the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def resource(self) -> str:
        """As access rules name it, with the subresource."""
        return f"{self.object_resource}/{self.sub}" if self.sub else self.object_resource


def parse(path: str) -> Path | None:
    """None for a path that is about no resource."""
    found = _PATH.fullmatch(path)
    return Path(**{key: value or "" for key, value in found.groupdict().items()}) if found else None
