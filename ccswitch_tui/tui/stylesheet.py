"""A style sheet that parses each source once.

Textual parses all of them anew whenever a screen brings one of its own, and
three times before the first paint. What a source means changes only with the
theme's variables, so parsed rules are kept until those change.
"""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class KeptStylesheet(Stylesheet):
    """Textual's, with its cache of parsed rules kept as long as they are right."""

    def __init__(self, *, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._made_with = variables

    def set_variables(self, variables: dict[str, str]) -> None:
        """Forgets the parsed rules only when a variable has another value."""
        if variables != self._made_with:
            self._made_with = dict(variables)
            super().set_variables(variables)

    def reparse(self) -> None:
        """All sources again, those parsed before from the cache. `parse` keeps the old rules on an error."""
        self.parse()
