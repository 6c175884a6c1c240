"""What a step returns is stored as JSON, and found again as the same value."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect.serializers import JSONSerializer
from prefect.utilities.hashing import hash_objects
from pydantic import BaseModel

from slipway import model
from slipway.config import read_service
from slipway.service import Environment, Service
from slipway.value import Value

ROOT = Path(__file__).parents[2]
VALUES = sorted(
    (each for each in vars(model).values() if isinstance(each, type) and issubclass(each, Value)),
    key=lambda each: each.__name__,
)

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
# What cannot be encoded as UTF-8 never leaves a client as text.
st.register_type_strategy(str, st.text(st.characters(codec="utf-8")))


def _stored(value: object) -> object:
    serializer = JSONSerializer()
    return serializer.loads(serializer.dumps(value))


@pytest.fixture(scope="module")
def service() -> Service:
    return read_service(ROOT / "services", "books-api")


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_every_value_is_found_again_with_the_same_identity(
    kind: type[BaseModel], data: st.DataObject
) -> None:
    """The identity is what Prefect makes the key of the next step's result from."""
    value = data.draw(st.builds(kind))
    found = _stored(value)
    assert type(found) is kind
    assert found == value
    assert hash_objects(found) == hash_objects(value)


def test_a_service_is_found_again_with_the_same_identity(service: Service) -> None:
    found = _stored(service)
    assert found == service
    assert hash_objects(found) == hash_objects(service)


def test_an_environment_is_found_again_inside_a_list(service: Service) -> None:
    environments = list(service.environments)
    found = _stored(environments)
    assert found == environments
    assert isinstance(found, list)
    assert all(isinstance(each, Environment) for each in found)
    assert hash_objects(found) == hash_objects(environments)


def test_two_environments_have_different_identities(service: Service) -> None:
    """Else the second smoke test of a delivery would be the stored result of the first."""
    first, second = service.environments
    assert hash_objects(first) != hash_objects(second)
