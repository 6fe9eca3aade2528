"""What componentize-py brings along."""
from dataclasses import dataclass
from typing import Generic, TypeVar

E = TypeVar("E")

@dataclass(frozen=True)
class Err(Generic[E], Exception):
    """Raised to return the failure of a function."""
    value: E
