"""Which version comes next, against a Git host: several services, pre-releases, other branches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from slipway.clients.git import cloned
from slipway.errors import Conflict, InvalidInput
from slipway.model import NothingToRelease, Release
from slipway.release import history
from slipway.release.converge import release
from slipway.release.plan import Plan, planned
from slipway.service import Service
from tests.contract.release_place import NAME, PACKAGE, WRITER, Place, a_place, a_service


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        yield place


def service_of(
    place: Place, name: str = "shop", source: dict[str, Any] | None = None, **rules: Any
) -> Service:
    """The place's service with other keys of `source` and `release`."""
    data = a_service(f"{place.server.url}/{NAME}").model_dump(mode="json")
    data["service"] = name
    data["source"] |= source or {}
    data["release"] |= rules
    return Service.model_validate(data)


def plan_of(service: Service) -> Plan | NothingToRelease:
    source = service.source
    token = SecretStr(WRITER.value)
    with cloned(source.repository, source.branch, token, depth=None, tags=True) as clone:
        return planned(service, clone, history.look(clone, service))


def next_of(service: Service) -> str:
    plan = plan_of(service)
    assert isinstance(plan, Plan), plan
    return str(plan.version)


def made(place: Place, service: Service) -> Release:
    result = release(service, place.settings, f"run at {place.clock} of {service.release}")
    assert isinstance(result, Release), result
    return result


def finished(place: Place, service: Service) -> bool:
    """Another run finds nothing to do and writes nothing."""
    place.server.traffic.reset()
    return isinstance(release(service, place.settings, "later"), NothingToRelease) and (
        place.writes() == []
    )


# Several services in one repository


@pytest.fixture
def pair(place: Place) -> tuple[Service, Service]:
    """Two services of one repository, each released once."""
    files = {
        "services/orders/package.json": PACKAGE,
        "services/orders/CHANGELOG.md": b"# Changelog\n",
        "services/stock/pyproject.toml": b'[project]\nversion = "0.1.0"\n',
    }
    place.commit("chore: two services", files, tag="orders-v1.0.0")
    place.git("tag", "stock-v0.1.0", "main")
    orders = service_of(
        place, "orders", {"path": "services/orders"}, tag_format="orders-v{version}"
    )
    stock = service_of(
        place, "stock", {"path": "services/stock"},
        tag_format="stock-v{version}", stamp=["pyproject.toml"], changelog="docs/CHANGES.md",
    )  # fmt: skip
    return orders, stock


def test_each_service_of_a_repository_has_its_own_versions(
    place: Place, pair: tuple[Service, Service]
) -> None:
    orders, stock = pair
    place.commit("feat: gift cards", {"services/orders/gift.js": b"1"})
    place.commit("fix: a count", {"services/stock/count.py": b"1"})
    place.commit("feat!: for neither", {"README.md": b"1"})
    first, second = made(place, orders), made(place, stock)
    assert (first.tag, first.previous) == ("orders-v1.1.0", "1.0.0")
    assert (second.tag, second.previous) == ("stock-v0.1.1", "0.1.0")
    assert "gift cards" in first.notes
    assert "a count" not in first.notes
    assert [commit.subject for commit in first.commits] == ["feat: gift cards"]
    assert [commit.subject for commit in second.commits] == ["fix: a count"]
    assert "/compare/stock-v0.1.0...stock-v0.1.1" in second.notes
    assert finished(place, orders)
    assert finished(place, stock)
    assert place.git("log", "-2", "--format=%s", "main").splitlines() == [
        "chore(main): release stock 0.1.1",
        "chore(main): release orders 1.1.0",
    ]
    names = place.git("diff", "--name-only", "main~2", "main").splitlines()
    assert names == [
        "services/orders/CHANGELOG.md",
        "services/orders/package.json",
        "services/stock/docs/CHANGES.md",
        "services/stock/pyproject.toml",
    ]
    assert (
        place.host.read(NAME, "services/stock/pyproject.toml") == b'[project]\nversion = "0.1.1"\n'
    )


def test_only_commits_that_touch_the_path_count(
    place: Place, pair: tuple[Service, Service]
) -> None:
    orders, stock = pair
    place.commit("feat: gift cards", {"services/orders/gift.js": b"1"})
    place.commit("feat: a neighbour", {"services/orders-archive/x": b"1"})
    result = plan_of(stock)
    assert isinstance(result, NothingToRelease)
    assert result.reason == "no commit since stock-v0.1.0"
    assert next_of(orders) == "1.1.0"
    whole = service_of(place)
    assert next_of(whole) == "1.1.0"


def test_a_side_branch_counts_also_where_the_merge_took_nothing_of_it(
    place: Place, pair: tuple[Service, Service]
) -> None:
    orders, _ = pair
    place.git("update-ref", "refs/heads/side", place.head())
    place.commit("feat: gift cards", {"services/orders/gift.js": b"1"}, branch="side")
    side = place.commit("revert: gift cards", {"services/orders/gift.js": b"0"}, branch="side")
    main = place.commit("docs: a page", {"services/orders/gift.js": b"0"})
    person = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"]
    tree = place.git("rev-parse", "main^{tree}")
    merge = place.git(
        *person, "commit-tree", tree, "-p", main, "-p", side, "-m", "Merge branch 'side'"
    )
    place.git("update-ref", "refs/heads/main", merge)
    assert next_of(orders) == "1.1.0"


def test_R22_a_release_commit_below_the_path_gets_its_tag(
    place: Place, pair: tuple[Service, Service]
) -> None:
    orders, _ = pair
    package = PACKAGE.replace(b'n": "1.0.0",', b'n": "1.1.0",')
    begun = place.commit("chore: release", {"services/orders/package.json": package})
    place.commit("fix: a price", {"services/orders/price.js": b"1"})
    assert made(place, orders).version == "1.1.1"
    assert place.tagged("orders-v1.1.0") == begun


# What the service file says


def test_types_and_sections_come_from_the_service_file(place: Place) -> None:
    service = service_of(
        place,
        bumps={"minor": ["feat"], "patch": ["deps"]},
        sections=[{"title": "Dependencies", "types": ["deps", "build"]}],
    )
    place.commit("fix: a price")
    result = plan_of(service)
    assert isinstance(result, NothingToRelease)
    assert "(1 commit: fix)" in result.reason
    place.commit("Deps: lodash 5")
    place.commit("build: smaller")
    plan = plan_of(service)
    assert isinstance(plan, Plan)
    assert str(plan.version) == "1.0.1"
    assert "### Dependencies\n\n* lodash 5" in plan.notes
    assert "* smaller" in plan.notes
    assert "a price" not in plan.notes


def test_one_message_may_hold_several_commits(place: Place) -> None:
    place.commit("fix: a price (#7)\n\nfeat(api): gift cards\n\nchore: tidy\n")
    plan = plan_of(place.service)
    assert isinstance(plan, Plan)
    assert str(plan.version) == "1.1.0"
    assert "* **api:** gift cards" in plan.notes
    assert "* a price ([#7]" in plan.notes


# Pre-releases


def test_pre_releases_count_up_and_follow_the_level(place: Place) -> None:
    service = service_of(place, prerelease="rc")
    place.commit("fix: a price")
    assert made(place, service).version == "1.0.1-rc.1"
    assert finished(place, service)
    place.commit("docs: a page")
    assert finished(place, service)
    place.commit("fix: another")
    second = made(place, service)
    assert (second.version, second.previous) == ("1.0.1-rc.2", "1.0.1-rc.1")
    assert "a price" not in second.notes
    place.commit("feat: gift cards")
    assert made(place, service).version == "1.1.0-rc.1"
    place.commit("fix: a card")
    assert made(place, service).version == "1.1.0-rc.2"
    assert b'"version": "1.1.0-rc.2"' in place.host.read(NAME, "package.json")


def test_the_full_release_holds_what_its_pre_releases_held(place: Place) -> None:
    rc = service_of(place, prerelease="rc")
    place.commit("feat: gift cards")
    made(place, rc)
    place.commit("fix: a card")
    made(place, rc)
    full = made(place, place.service)
    assert (full.version, full.previous) == ("1.1.0", "1.0.0")
    assert "gift cards" in full.notes
    assert "a card" in full.notes
    assert finished(place, place.service)
    place.commit("fix: a price")
    assert next_of(rc) == "1.1.1-rc.1"


def test_tags_of_pre_releases_do_not_count_for_a_service_without(place: Place) -> None:
    place.commit("feat: gift cards", tag="v2.0.0-rc.1")
    assert next_of(place.service) == "1.1.0"


def test_a_number_that_is_tagged_elsewhere_is_left_out(place: Place) -> None:
    place.git("update-ref", "refs/heads/side", place.head())
    place.commit("feat: apart", branch="side", tag="v1.1.0-rc.1")
    place.commit("feat: gift cards")
    assert next_of(service_of(place, prerelease="rc")) == "1.1.0-rc.2"


def test_an_identifier_that_is_lower_would_go_backwards(place: Place) -> None:
    place.commit("feat: gift cards")
    made(place, service_of(place, prerelease="rc"))
    place.commit("fix: a card")
    with pytest.raises(Conflict, match=r"1\.1\.0-beta\.1 would go backwards: v1\.1\.0-rc\.1"):
        plan_of(service_of(place, prerelease="beta"))
    assert next_of(service_of(place, prerelease="sp")) == "1.1.0-sp.1"


def test_somebody_elses_mark_in_the_file_is_no_release(place: Place) -> None:
    package = PACKAGE.replace(b'n": "1.0.0",', b'n": "1.2.0-dev",')
    place.commit("chore: go on", {"package.json": package})
    assert finished(place, place.service)
    place.commit("fix: a price")
    assert made(place, place.service).version == "1.0.1"


# Maintenance branches


@pytest.fixture
def line(place: Place) -> Place:
    """1.0.0 on the branch 1.x, and 2.0.0 on main."""
    place.git("update-ref", "refs/heads/1.x", place.head())
    place.git("update-ref", "refs/heads/1.0.x", place.head())
    place.bump("2.0.0", tag="v2.0.0")
    return place


def test_a_maintenance_branch_releases_its_own_line(line: Place) -> None:
    service = service_of(line, source={"branch": "1.x"})
    line.commit("feat: brought back", branch="1.x")
    first = made(line, service)
    assert (first.version, first.previous) == ("1.1.0", "1.0.0")
    assert line.git("rev-parse", "1.x") == first.sha
    assert finished(line, service)
    line.commit("fix: a price")
    assert next_of(line.service) == "2.0.1"


@pytest.mark.parametrize(
    ("branch", "message"), [("1.x", "feat!: no more"), ("1.0.x", "feat: more")]
)
def test_a_commit_that_leaves_the_line_is_a_conflict(
    line: Place, branch: str, message: str
) -> None:
    line.commit(message, branch=branch)
    with pytest.raises(Conflict, match=rf"does not belong to branch {branch}, which releases from"):
        plan_of(service_of(line, source={"branch": branch}))


def test_a_higher_version_of_the_same_line_elsewhere_is_a_conflict(place: Place) -> None:
    place.git("update-ref", "refs/heads/1.x", place.head())
    place.bump("1.5.0", tag="v1.5.0")
    place.commit("fix: a price", branch="1.x")
    with pytest.raises(Conflict, match=r"1\.0\.1 would go backwards: tag v1\.5\.0"):
        plan_of(service_of(place, source={"branch": "1.x"}))
    assert isinstance(plan_of(service_of(place, source={"branch": "main"})), NothingToRelease)


def test_a_file_that_leaves_the_line_is_not_tagged(line: Place) -> None:
    package = PACKAGE.replace(b'n": "1.0.0",', b'n": "3.0.0",')
    line.commit("chore: raise", {"package.json": package}, branch="1.x")
    with pytest.raises(Conflict, match=r"3\.0\.0 does not belong to branch 1\.x"):
        release(service_of(line, source={"branch": "1.x"}), line.settings, "run")


# Release-As


def test_release_as_has_the_word_once(place: Place) -> None:
    place.commit("feat: gift cards")
    place.commit("chore: the great one\n\nrelease-as: 3.0.0")
    first = made(place, place.service)
    assert (first.version, first.previous) == ("3.0.0", "1.0.0")
    assert "gift cards" in first.notes
    assert finished(place, place.service)
    place.commit("fix: a price")
    assert next_of(place.service) == "3.0.1"


def test_the_newest_release_as_counts(place: Place) -> None:
    place.commit("chore: a\n\nRelease-As: 3.0.0")
    place.commit("fix: b\n\nRelease-As: 2.0.0")
    place.commit("feat: c")
    assert next_of(place.service) == "2.0.0"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ("0.9.0", r"0\.9\.0 would go backwards: v1\.0\.0 is released from main"),
        ("1.0.0", r"1\.0\.0 would go backwards: v1\.0\.0 is released from main"),
        ("1.0.0-rc.1", r"1\.0\.0-rc\.1 would go backwards"),
        ("1.5.0", r"tag v1\.5\.0 stands on \w+, which is not in main"),
        ("next", "asks for 'Release-As: next', which is no version"),
    ],
)
def test_a_release_as_that_cannot_be_is_a_conflict(place: Place, wish: str, words: str) -> None:
    place.git("update-ref", "refs/heads/side", place.head())
    place.commit("feat: apart", branch="side", tag="v1.5.0")
    place.commit(f"feat: a\n\nRelease-As: {wish}")
    with pytest.raises(Conflict, match=words):
        release(place.service, place.settings, "run")
    assert place.writes() == []


def test_release_as_stays_in_the_line_of_a_branch(line: Place) -> None:
    service = service_of(line, source={"branch": "1.x"})
    line.commit("fix: a\n\nRelease-As: 2.1.0", branch="1.x")
    with pytest.raises(Conflict, match=r"2\.1\.0 does not belong to branch 1\.x"):
        plan_of(service)
    line.commit("fix: b\n\nRelease-As: 1.7.0", branch="1.x")
    assert next_of(service) == "1.7.0"


def test_a_release_as_may_ask_for_a_pre_release(place: Place) -> None:
    place.commit("chore: try\n\nRelease-As: 2.0.0-beta.1")
    assert made(place, place.service).version == "2.0.0-beta.1"
    assert finished(place, place.service)
    place.commit("fix: a price")
    full = made(place, place.service)
    assert (full.version, full.previous) == ("2.0.0", "1.0.0")
    bare = service_of(place, stamp=[])
    place.commit("chore: try\n\nRelease-As: 3.0.0-beta.1")
    with pytest.raises(Conflict, match=r"3\.0\.0-beta\.1 is a pre-release, and nothing would tell"):
        plan_of(bare)


def test_R21_a_pre_release_commit_without_its_tag_gets_it(place: Place) -> None:
    place.commit("chore: try\n\nRelease-As: 2.0.0-beta.1")
    asked = place.bump("2.0.0-beta.1")
    release(place.service, place.settings, "run")
    assert place.tagged("v2.0.0-beta.1") == asked
    place.commit("fix: a price")
    counted = place.bump("2.0.0-rc.1")
    release(service_of(place, prerelease="rc"), place.settings, "run")
    assert place.tagged("v2.0.0-rc.1") == counted


def test_a_pre_release_service_goes_on_from_release_as(place: Place) -> None:
    rc = service_of(place, prerelease="rc")
    place.commit("chore: try\n\nRelease-As: 2.0.0-rc.1")
    assert made(place, rc).version == "2.0.0-rc.1"
    place.commit("fix: a price")
    assert made(place, rc).version == "2.0.0-rc.2"


# Stamping


def test_every_kind_of_file_is_stamped_in_one_commit(place: Place) -> None:
    files = {
        "package-lock.json": b'{"version": "1.0.0", "packages": {"": {"version": "1.0.0"}}}',
        "pyproject.toml": b"[project]\r\nversion = '1.0.0'\r\n",
        "VERSION": b"1.0.0\n",
        "src/app.js": b'const v = "1.0.0"; // x-release-please-version\n',
    }
    place.commit("feat: many", files)
    service = service_of(place, stamp=["package.json", *files])
    first = made(place, service)
    for file, before in files.items():
        assert place.host.read(NAME, file) == before.replace(b"1.0.0", b"1.1.0")
    assert finished(place, service)
    assert set(place.git("show", "--format=", "--name-only", first.sha).split()) == {
        *files, "package.json", "CHANGELOG.md",
    }  # fmt: skip


def test_a_stamped_file_without_a_marker_is_named(place: Place) -> None:
    place.commit("feat: many", {"src/app.js": b"1\n"})
    with pytest.raises(InvalidInput, match=r"release.stamp: src/app\.js has no version on a line"):
        plan_of(service_of(place, stamp=["package.json", "src/app.js"]))


# Hostile repositories


def test_X19_X20_the_repositorys_own_configuration_is_not_read(place: Place) -> None:
    files = {
        "pyproject.toml": b'[tool.semantic_release]\ncommit_parser = "evil.py:P"\n'
        b'tag_format = "evil-{version}"\n',
        "evil.py": b"raise SystemExit('was run')\n",
        "releaserc.json": b"{}",
        "templates/CHANGELOG.md.j2": b"{{ 7777 * 7777 }} {% include '/etc/passwd' %}\n",
    }
    place.commit("feat: gift cards", files)
    first = made(place, place.service)
    assert first.tag == "v1.1.0"
    assert b"60481729" not in place.host.read(NAME, "CHANGELOG.md")
    for file, content in files.items():
        assert place.host.read(NAME, file) == content


def test_X27_tags_with_odd_names_are_no_releases(place: Place) -> None:
    for name in ("-v9.0.0", "v9.0.0'", "v9.0.0--upload-pack=x", "v٩.0.0", "x/v9.0.0", "v9.0.0@"):
        place.git("update-ref", f"refs/tags/{name}", place.head())
    place.commit("fix: a price")
    assert next_of(place.service) == "1.0.1"
