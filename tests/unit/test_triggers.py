"""Which event starts which service, and under which key."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import InvalidInput
from slipway.service import Service
from slipway.triggers.events import LISTED, Event, address, read
from slipway.triggers.rule import key, why_not
from tests.contract.webhooks import written

SHOP = "https://github.com/acme/shop"


def service(**changed: Any) -> Service:
    return Service.model_validate(written(SHOP, **changed))


def push(**changed: Any) -> dict[str, Any]:
    return {
        "ref": "refs/heads/main",
        "after": "a" * 40,
        "repository": {"clone_url": f"{SHOP}.git"},
        "commits": [{"added": ["a"], "modified": ["b/c"], "removed": ["d"]}],
        **changed,
    }


def event(**changed: Any) -> Event:
    found = read("push", push(**changed))
    assert found
    return found


def test_a_push_says_what_it_has_changed() -> None:
    assert event() == Event(
        kind="push", repository=SHOP, ref="refs/heads/main", paths=("a", "b/c", "d")
    )


@pytest.mark.parametrize(
    "changed",
    [{"forced": True}, {"created": True}, {"commits": []}, {"commits": [{}] * LISTED}],
)
def test_a_push_that_cannot_say_everything_says_nothing_about_files(
    changed: dict[str, Any],
) -> None:
    assert event(**changed).paths is None


def test_a_merged_pull_request_is_about_its_base() -> None:
    payload = {
        "action": "closed",
        "repository": {"clone_url": f"{SHOP}.git"},
        "pull_request": {"merged": True, "base": {"ref": "main"}},
    }
    found = read("pull_request", payload)
    assert found == Event(kind="pull-request", repository=SHOP, ref="refs/heads/main")
    payload["pull_request"] = {"merged": False, "base": {"ref": "main"}}
    assert read("pull_request", payload) is None


def test_a_published_release_is_about_its_tag() -> None:
    payload = {
        "action": "published",
        "repository": {"clone_url": f"{SHOP}.git"},
        "release": {"tag_name": "v1.2.0"},
    }
    assert read("release", payload) == Event(
        kind="release", repository=SHOP, ref="refs/tags/v1.2.0"
    )


@pytest.mark.parametrize(
    ("changed", "sent", "part"),
    [
        ({}, {}, ""),
        ({}, {"repository": {"clone_url": "https://GitHub.com/Acme/Shop"}}, ""),
        ({}, {"repository": {"clone_url": "https://github.com/mallory/shop.git"}}, "another"),
        ({}, {"repository": {"clone_url": "https://evil.example/acme/shop.git"}}, "another"),
        ({}, {"ref": "refs/heads/main2"}, "not the branch main"),
        ({}, {"ref": "refs/heads/feature/main"}, "not the branch main"),
        ({}, {"ref": "refs/tags/main"}, "tag is not among"),
        ({"source": {"branch": "1.x"}}, {"ref": "refs/heads/1.x"}, ""),
        ({"source": {"path": "api"}}, {}, "no file"),
        ({"source": {"path": "b"}}, {}, ""),
        ({"source": {"path": "api"}}, {"forced": True}, ""),
        ({"triggers": {"paths": ["b/*"]}}, {}, ""),
        ({"triggers": {"paths": ["*"]}}, {"commits": [{"added": ["b/c"]}]}, "no file"),
        ({"triggers": {"events": ["release"]}}, {}, "push is not among triggers.events (release)"),
        ({"triggers": {"events": ["tag"]}}, {"ref": "refs/tags/v1.0.0"}, ""),
        ({"triggers": {"events": ["tag"]}}, {"ref": "refs/tags/nightly"}, "has not the form"),
        ({"release": {"mode": "tag"}}, {"ref": "refs/tags/v1.0.0"}, ""),
        ({"release": {"mode": "tag"}}, {}, "push is not among triggers.events (tag)"),
    ],
)
def test_X57_only_the_service_s_own_repository_branch_events_and_files_start_it(
    changed: dict[str, Any], sent: dict[str, Any], part: str
) -> None:
    reason = why_not(service(**changed), event(**sent))
    assert part in reason
    assert bool(reason) == bool(part)


def test_X56_the_key_is_of_service_repository_ref_and_commit() -> None:
    first = key("shop", f"{SHOP}.git", "refs/heads/main", "a" * 40)
    assert first == key("shop", "https://GITHUB.com/acme/shop/", "refs/heads/main", "a" * 40)
    others = {
        key("shop2", SHOP, "refs/heads/main", "a" * 40),
        key("shop", "https://github.com/acme/shop2", "refs/heads/main", "a" * 40),
        key("shop", SHOP, "refs/tags/main", "a" * 40),
        key("shop", SHOP, "refs/heads/main", "b" * 40),
    }
    assert len({first, *others}) == 5


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["ref", "after", "repository", "commits", "clone_url", "x"]),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["push", "release", "pull_request", "issues"]),
)
def test_X58_whatever_the_payload_is_it_is_an_event_or_an_error_for_people(
    payload: Any, name: str
) -> None:
    found = None
    with contextlib.suppress(InvalidInput):
        found = read(name, payload)
    assert found is None or found.ref.startswith("refs/")


def test_an_address_is_the_same_however_it_is_written() -> None:
    assert {address(f"{SHOP}{end}") for end in ("", "/", ".git", ".git/")} == {SHOP}
