"""Shorthand for role policies. The types are those of `wit_world.exports.policy`."""

from typing import Optional, Union

from wit_world.exports.policy import (
    Effect,
    Finding,
    Party,
    Party_Person,
    Person,
    Request,
    Thing,
    Thing_Person,
    Value_Text,
)


def permit(code: str, message: str, *facts: str) -> Finding:
    """Allows, unless another rule forbids."""
    return Finding(Effect.PERMIT, code, message, list(facts))


def forbid(code: str, message: str, *facts: str) -> Finding:
    """Denies, whatever other rules say."""
    return Finding(Effect.FORBID, code, message, list(facts))


def person(of: Union[Party, Thing]) -> Optional[Person]:
    """The subject or resource as a person, if it is one and the edition needs its record."""
    return of.value if isinstance(of, (Party_Person, Thing_Person)) else None


def text(request: Request, name: str) -> Optional[str]:
    """A text among the properties or else in the context."""
    for given in [*request.properties, *request.context]:
        if given.name == name and isinstance(given.value, Value_Text):
            return given.value.value
    return None
