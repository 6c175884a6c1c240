"""Which image the GitOps repository asks for in an environment, whether it runs or not."""

from slipway.clients.git import cloned
from slipway.clients.registry import open_repository
from slipway.errors import InvalidInput, NotFound
from slipway.gitops.compute import contents
from slipway.manifests.claims import Claim, claimed
from slipway.model import Image
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.timing import Stopwatch


def image_asked_for(service: Service, environment: Environment, settings: Settings) -> Image:
    """The image that the files ask for now.

    Raises InvalidInput where they do not name one version, NotFound where its digest cannot be
    told, and what reading the repository or the registry raises.
    """
    gitops, token = service.gitops, settings.optional("gitops_token")
    with cloned(gitops.repository, gitops.branch, token, sparse=True) as clone:
        claim = claimed(environment, contents(clone, environment, clone.head))
    if not claim.version:
        raise InvalidInput(
            f"{environment.name}: the files of {gitops.repository} do not name one version",
            "write the version that is meant into all of them by hand, then start again",
        )
    return claimed_image(service, claim, settings)


def claimed_image(service: Service, claim: Claim, settings: Settings) -> Image:
    """The image of a claim; by its tag's digest in the registry where none is written.

    Raises NotFound.
    """
    repository, digest = service.image.repository, claim.digest
    if not digest:
        with open_repository(repository, settings) as registry:
            found = registry.find(claim.version)
        if found is None:
            raise NotFound(
                f"{repository} holds no {claim.version}, and no digest is written beside it",
                "publish the version, or write the digest too: {digest}",
            )
        digest = found.digest
    return Image(
        repository=repository,
        version=claim.version,
        digest=digest,
        revision="",
        builder="",
        created=False,
        timing=Stopwatch().read(),
    )
