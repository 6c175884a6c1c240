"""One look at one thing: a sentence about it when all is well, an error of ours when not."""

from collections.abc import Mapping

from slipway.clients import probe
from slipway.clients.git import cloned
from slipway.clients.git_remote import may_push, remote_refs
from slipway.clients.github import GitHub, serves
from slipway.clients.prefect import Prefect
from slipway.clients.registry import open_repository
from slipway.engines.interface import engine_for
from slipway.engines.parents import NotMade
from slipway.errors import Conflict, Final, InvalidInput, NotFound, Retryable, Unauthorized
from slipway.gitops.compute import contents
from slipway.manifests.claims import claimed
from slipway.manifests.editor import get_scalar
from slipway.manifests.globs import is_pattern, matches
from slipway.readiness.observation import Observation
from slipway.service import Application, Environment, Service, Update
from slipway.settings import PrefectAccess, Settings
from slipway.smoke import Failed, check
from slipway.sync.reach import Reach
from slipway.text import printable


def source(service: Service, settings: Settings) -> str:
    """The application repository: its branch is there, and the token may push and propose."""
    place = (service.source.repository, service.source.branch)
    mode = service.release.mode
    return _repository(
        *place, "source_token", settings, pushes=mode == "commit", proposes=mode == "pull-request"
    )


def gitops(service: Service, settings: Settings) -> str:
    """The same about the GitOps repository."""
    writes = {environment.write for environment in service.environments}
    return _repository(
        service.gitops.repository, service.gitops.branch, "gitops_token", settings,
        pushes="commit" in writes, proposes="pull-request" in writes,
    )  # fmt: skip


def _repository(
    url: str, branch: str, field: str, settings: Settings, *, pushes: bool, proposes: bool
) -> str:
    token = settings.secret(field)
    ref = f"refs/heads/{branch}"
    commit = remote_refs(url, token, ref).get(ref)
    if commit is None:
        raise NotFound(f"{url} has no branch {branch}", "correct the branch in the service file")
    if not may_push(url, token):
        raise Unauthorized(
            f"the token in SLIPWAY_{field.upper()} may read {url}, and not push to it",
            "give it contents: write for this repository; see docs/settings.md, least rights",
        )
    said = f"{branch} is at {commit[:10]}, and the token may push"
    if serves(settings.github_api_url, url):
        with GitHub(settings.github_api_url, url, token) as forge:
            if proposes:
                forge.newest_pull("slipway-check", branch)  # it may at least see them
            if pushes and forge.is_protected(branch):
                said += "; rules guard the branch: whether they let it in shows at the first push"
    return said


def registry(service: Service, settings: Settings) -> str:
    """The image's repository can be asked, and takes an upload, which is cancelled again."""
    with open_repository(service.image.repository, settings, push=True) as repository:
        tags = repository.tags()
        repository.require_push()
    return f"{len(tags)} tags, and the login may push" if tags else "no image yet; it may push"


def files(service: Service, environment: Environment, settings: Settings) -> str:
    """Every file and key of the updates is there; whatever is missing is told at once."""
    token = settings.optional("gitops_token")
    url, branch = service.gitops.repository, service.gitops.branch
    with cloned(url, branch, token, sparse=True) as clone:
        there = contents(clone, environment, clone.head)
    troubles: list[Final] = []
    for update in environment.updates:
        try:
            _update(service, update, there)
        except Final as error:
            troubles.append(error)
    if troubles:
        hints = dict.fromkeys(error.hint for error in troubles)
        raise NotFound("; ".join(error.message for error in troubles), "; ".join(hints))
    said = claimed(environment, there)
    return f"ask for {said.version or 'no one version'}"


def _update(service: Service, update: Update, there: Mapping[str, bytes | None]) -> None:
    """Raise NotFound for a file that is not there, and what reading the key raises."""
    for path in [path for path in there if matches(update.file, path)] or [update.file]:
        text = there.get(path)
        if text is None:
            kind = "file that matches" if is_pattern(path) else "file"
            raise NotFound(
                f"there is no {kind} {path} in {service.gitops.repository},"
                f" branch {service.gitops.branch}",
                "correct updates[].file in the service file, or add the file:"
                f" slipway manifests {service.service}",
            )
        if not update.create:
            get_scalar(text, update.key, file=path, document=update.document)


def engine(service: Service, environment: Environment, settings: Settings) -> str:
    """The application is there, may be asked and synced, and reads what is written."""
    application = environment.application
    with engine_for(application, settings, service.gitops) as asked:
        asked.examine(application)
        try:
            seen = asked.observe(application)
        except NotMade as error:
            hint = f"the application that makes it may do so yet; {error.hint}"
            raise Retryable(error.message, hint) from None
    lost = Reach(application, tuple(update.file for update in environment.updates)).check(seen)
    if lost:
        raise InvalidInput(lost, "an update of a file that nothing reads deploys nothing")
    _agrees(application, seen)
    _works(application, seen)
    blocked = f"; now closed: {seen.block.reason}" if seen.block else ""
    return f"{seen.sync or 'sync unknown'}, {seen.health or 'health unknown'}{blocked}"


def _works(application: Application, seen: Observation) -> None:
    """Raise Conflict where the engine itself says that it cannot, must not, or did not do well."""
    name = f"application '{application.name}'"
    if seen.stop:
        raise Conflict(seen.stop.reason, seen.stop.hint)
    if seen.deleting:
        raise Conflict(f"{name} is being deleted", "let it end, and create it again")
    if seen.skip_reconcile:
        raise Conflict(f"{name} is told not to reconcile", "remove its annotation skip-reconcile")
    errors = [each for each in seen.conditions if each.type.endswith("Error")]
    if errors:
        said = "; ".join(f"{each.type}: {printable(each.message, 300)}" for each in errors)
        raise Conflict(f"{name}: {said}", "mend what the engine complains about; then check again")
    if seen.health == "Degraded":
        why = "; ".join(f"{w.kind}/{w.name}: {w.trouble}" for w in seen.workloads if w.trouble)
        said = f"{name} is Degraded" + (f": {printable(why, 300)}" if why else "")
        raise Conflict(said, "look at its resources; a delivery may mend it, and may not")


def _agrees(application: Application, seen: Observation) -> None:
    """Raise Conflict where the service file and the engine name different ways to sync."""
    automatic = application.sync == "automatic"
    if seen.auto_sync == automatic:
        return
    if automatic:
        raise Conflict(
            f"application '{application.name}' has no automated sync, and the service file says"
            " sync: automatic: a commit would never be applied",
            "switch automated sync on, or write sync: manual, so that the delivery starts it",
        )
    raise Conflict(
        f"application '{application.name}' syncs by itself, and the service file says sync: manual",
        "write sync: automatic, or switch automated sync off",
    )


def addresses(service: Service, settings: Settings) -> str:
    """Whatever the service file names by name has an address; nobody is told anything."""
    for name in service.notify.to:
        settings.notify_list(name)
    for name in service.gitops.webhooks:
        settings.gitops_webhook(name)
    return f"{', '.join((*service.notify.to, *service.gitops.webhooks))}: there are addresses"


def smoke(environment: Environment, settings: Settings) -> str:
    """What runs there now answers as it should; its version is not asked."""
    answer = probe.get(environment.smoke.url, settings.private_networks)
    judged = check(answer, environment.smoke.expect)
    if isinstance(judged, Failed):
        raise Final(f"{environment.smoke.url}: {judged.reason}", judged.hint)
    return f"{environment.smoke.url} answers as expected"


def prefect(service: Service, access: PrefectAccess) -> str:
    """The server answers, and knows the service's deployment."""
    with Prefect(access.api_url, access.api_auth_string) as server:
        server.deployment(f"deliver/{service.service}")
    return f"deliver/{service.service} is there"
