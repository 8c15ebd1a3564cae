"""What a screen, a sheet or a pane may ask of the app it is in. The app knows them; they know only this."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from ccswitch_tui.tui.background import PATIENCE_S

if TYPE_CHECKING:
    from ccswitch_tui.errors import CcswitchError
    from ccswitch_tui.tui.config import AppConfig
    from ccswitch_tui.tui.session import Session

T = TypeVar("T")
Severity = Literal["information", "warning", "error"]

NOTICE_S = 6.0
"""Long enough to read two lines; an error with its hint stays twice as long."""


class Host(Protocol):
    """The app, as its places see it."""

    session: Session
    config: AppConfig

    @property
    def chosen(self) -> str:
        """The profile under the cursor of the first screen; "" when there is none."""

    async def off(self, work: Callable[..., T], *args: Any, timeout_s: float = PATIENCE_S) -> T:
        """`work(*args)` in a thread, off the screen's loop."""

    async def guarded(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
        """Runs `work`; what is meant for the user becomes a notice."""

    def start(self, group: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """`work` as a worker that outlives the screen it was started from."""

    def show_notice(self, message: str, *, severity: Severity = "information", timeout: float = NOTICE_S) -> None:
        """One notice in the corner."""

    def tell(self, error: CcswitchError) -> None:
        """An error for the user."""

    def copy(self, text: str, said: str) -> None:
        """Puts text on the clipboard and says what it was."""

    def waits_for(self, sessions: int) -> None:
        """Says that running sessions are given time; called from a writing thread."""

    def use(self, name: str) -> None:
        """Uses a profile, from wherever one is."""

    def at_home(self, act: Callable[[Any], Any]) -> None:
        """Back to the first screen, and `act` there."""

    def open_help(self) -> None:
        """Help for the focused thing."""

    def search_themes(self) -> None:
        """All themes, by name."""

    def change_config(self, **changes: Any) -> None:
        """Applies settings of the app now and keeps them."""

    def action_command_palette(self) -> None:
        """Opens the palette."""

    def exit(self, result: int | None = None) -> None:
        """Ends the app."""

    def push_screen(self, screen: Any) -> Any:
        """Textual's own."""

    async def push_screen_wait(self, screen: Any) -> Any:
        """Textual's own."""
