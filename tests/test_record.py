"""A record is what `typing.NamedTuple` makes of the same lines."""

from __future__ import annotations

import pickle
import typing

from ccswitch_tui.record import NamedTuple


class Ours(NamedTuple):
    """A point."""

    x: int
    y: int = 2
    """How far up."""
    label: str = "here"

    @property
    def area(self) -> int:
        """Of the rectangle."""
        return self.x * self.y

    def moved(self, by: int) -> Ours:
        """The point elsewhere."""
        return self._replace(x=self.x + by)


class Theirs(typing.NamedTuple):
    """A point."""

    x: int
    y: int = 2
    """How far up."""
    label: str = "here"

    @property
    def area(self) -> int:
        """Of the rectangle."""
        return self.x * self.y

    def moved(self, by: int) -> Theirs:
        """The point elsewhere."""
        return self._replace(x=self.x + by)


def test_a_record_has_what_a_named_tuple_has() -> None:
    shown = ("__doc__", "__module__", "__bases__", "__match_args__", "_fields", "_field_defaults", "__slots__")
    assert [getattr(Ours, name) for name in shown] == [getattr(Theirs, name) for name in shown]
    assert set(vars(Theirs)) - {"__orig_bases__", "__annotate_func__"} <= set(vars(Ours))  # the last is 3.14's


def test_a_record_behaves_like_one() -> None:
    ours, theirs = Ours(3, label="there"), Theirs(3, label="there")
    assert ours == theirs == (3, 2, "there")
    assert repr(ours).replace("Ours", "Theirs") == repr(theirs)
    assert (ours.area, ours.moved(1), ours._asdict()) == (theirs.area, theirs.moved(1), theirs._asdict())
    assert pickle.loads(pickle.dumps(ours)) == ours
    assert type(pickle.loads(pickle.dumps(ours))) is Ours
