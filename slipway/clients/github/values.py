"""What GitHub holds, as far as a delivery needs it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from slipway.value import Value

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class Answer(BaseModel):
    """Base of what is read from GitHub's answers, which hold far more than we ask for."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Asset(Answer):
    """A file attached to a release."""

    id: int
    name: str
    size: int
    state: str  # `uploaded`, or `starter`: the upload was begun and never finished
    digest: str | None = None  # `sha256:…`; older servers and older files have none


class Page(Answer):
    """A release as GitHub holds it."""

    id: int
    tag_name: str
    html_url: str
    draft: bool
    prerelease: bool
    body: Text = ""
    upload_url: str
    assets: tuple[Asset, ...]


class Pull(Value):
    """A pull request."""

    number: int
    html_url: str
    title: str
    body: str
    open: bool
    merged: bool
    head_sha: str
    labels: tuple[str, ...] = ()


class FullPull(Pull):
    """A pull request with what GitHub says only about a single one."""

    node_id: str  # its name in the GraphQL API
    draft: bool
    mergeable_state: str  # "clean", "dirty", "behind", "blocked", "unknown", …
    merge_commit_sha: str | None  # before the merge: of a trial merge
    merged_by: str  # login; empty: nobody, or not told
    closed_at: datetime | None


class _Head(Answer):
    ref: str
    sha: str
    label: Text = ""  # `owner:branch`


class _Label(Answer):
    name: str


class PullAnswer(Answer):
    """A pull request in GitHub's shape."""

    number: int
    html_url: str
    title: str
    body: Text = ""
    state: str
    merged_at: Any = None
    head: _Head
    labels: tuple[_Label, ...] = ()

    def comes_from(self, owner: str, branch: str) -> bool:
        """Whether that branch is to be merged, and not one of that name in a fork."""
        whose = self.head.label.partition(":")[0]
        return (whose.casefold(), self.head.ref) == (owner.casefold(), branch)

    def value(self) -> Pull:
        """The same in ours."""
        return Pull(
            number=self.number,
            html_url=self.html_url,
            title=self.title,
            body=self.body,
            open=self.state == "open",
            merged=self.merged_at is not None,
            head_sha=self.head.sha,
            labels=tuple(label.name for label in self.labels),
        )


class _Login(Answer):
    login: Text = ""


class FullPullAnswer(PullAnswer):
    """A single pull request in GitHub's shape."""

    node_id: str
    draft: bool = False
    mergeable_state: str
    merge_commit_sha: str | None
    merged_by: _Login | None
    closed_at: datetime | None

    def in_full(self) -> FullPull:
        """The same in ours."""
        return FullPull(
            **self.value().model_dump(),
            node_id=self.node_id,
            draft=self.draft,
            mergeable_state=self.mergeable_state,
            merge_commit_sha=self.merge_commit_sha,
            merged_by=self.merged_by.login if self.merged_by else "",
            closed_at=self.closed_at,
        )
