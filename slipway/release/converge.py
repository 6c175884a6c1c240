"""The release step: brings the source repository to a finished release, whatever its state.

A release is finished when its commit is on the branch, its tag on that commit and its page on the
forge. Each run looks at the remote anew and does what is missing. Nothing else is remembered, so a
run that was killed at any point is completed by the next one; its id stands in what it has made.
"""

from collections.abc import Callable

from slipway.clients.git import PushRace
from slipway.errors import Conflict, NotFound
from slipway.model import NothingToRelease, Release, ReleaseProposed
from slipway.release import by_commit, by_pull_request, by_tag, history
from slipway.release.bench import Bench, opened
from slipway.release.changelog import Links
from slipway.release.page import reported
from slipway.release.versions import Version
from slipway.service import Service
from slipway.settings import Settings

Outcome = Release | ReleaseProposed | NothingToRelease

_TRIES = 4  # each follows a push or a tag of somebody else
_MODES: dict[str, Callable[[Bench], Outcome]] = {
    "commit": by_commit.converge,
    "pull-request": by_pull_request.converge,
    "tag": by_tag.converge,
}


def release(
    service: Service,
    settings: Settings,
    run: str,
    report: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Finish a release that was begun, make or propose the next one, or say why there is none.

    `run` names the caller: when it has made the newest release already, that one is returned.
    `report` gets a sentence while the step waits. Raises Conflict, Protected, Unauthorized,
    NotFound, InvalidInput, Final for a check that is not green, and Retryable for everything that
    may pass.
    """
    with opened(service, settings, run, report) as bench:
        tries = _TRIES
        while True:
            try:
                return _MODES[service.release.mode](bench)
            except (PushRace, Conflict) as problem:
                before, tries = bench.clone.head, tries - 1
                # What looks like a conflict may be a release that came after our fetch.
                moved = tries > 0 and bench.clone.refetch() != before
                if not tries or (isinstance(problem, Conflict) and not moved):
                    raise


def find(service: Service, version: str, settings: Settings) -> Release:
    """A release made before, to be delivered again; only reads.

    Raises NotFound, with the newest versions in the hint, and Conflict when the tag's commit is
    not on the branch, or carries another version.
    """
    repository = service.source.repository
    with opened(service, settings, "", lambda _: None) as bench:
        tagged = history.tags(bench.clone, service)
        wanted = Version.parsed(version)
        if wanted not in tagged:
            newest = ", ".join(map(str, sorted(tagged, reverse=True)[:5])) or "none yet"
            raise NotFound(
                f"{repository} has no release {version}", f"released, newest first: {newest}"
            )
        found = tagged[wanted]
        if not bench.clone.contains(bench.clone.head, found.sha):
            raise Conflict(
                f"tag {found.tag} of {repository} stands on {found.sha}, which is not in"
                f" {bench.clone.branch}",
                "bring its commit into the branch, or deliver it by the service of its own branch",
            )
        history.check_carries(bench.clone, service, found)
        page = bench.forge.release(found.tag)
        url = page.html_url if page else Links.of(repository).release(found.tag)
        return reported(bench, found, tagged, url)
