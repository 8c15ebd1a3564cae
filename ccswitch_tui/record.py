"""`typing.NamedTuple` for a start that is not felt: the same classes without `typing`.

That module costs a quick command two fifths of a bare interpreter's start, and
it compiles every annotation of every such class, which nobody here evaluates.
`collections.namedtuple` makes the class in either case. To a type checker this
is typing's own name. Whoever takes it has `from __future__ import annotations`:
without, Python 3.14 keeps no annotations that can be read cheaply.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from typing import NamedTuple as NamedTuple
else:

    class _Made(type):
        """Gives its subclasses' bodies to `namedtuple`."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            made = namedtuple(name, fields, defaults=[body[f] for f in fields if f in body], module=body["__module__"])
            for key, value in body.items():
                if key not in fields and key not in ("__module__", "__slots__"):
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Made):
        """A tuple with names: `class Point(NamedTuple)`, a line `x: int = 0` a field."""
