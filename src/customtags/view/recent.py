"""What was used last, within a bound: a memory whose owner is an object of the application."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Recent"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Values by key; where they weigh more than the bound, those that were not used for longest are dropped.

    Several threads may use it.

    :param most: what all values may weigh together
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._found: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: Key) -> Value | None:
        """Return a value, None if it is not kept."""
        with self._lock:
            if key not in self._found:
                return None
            self._found.move_to_end(key)
            return self._found[key][0]

    def put(self, key: Key, value: Value, weight: int = 1) -> None:
        """Keep a value in the place of the one that the key has; one that is heavier than the bound is not kept."""
        with self._lock:
            self._weight -= self._found.pop(key, (None, 0))[1]
            if weight > self._most:
                return
            self._found[key] = (value, weight)
            self._weight += weight
            while self._weight > self._most:
                _, (_, dropped) = self._found.popitem(last=False)
                self._weight -= dropped
