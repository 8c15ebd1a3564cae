"""What is left on the terminal after a mistake of ours: where it happened, without locals and without keys."""

from __future__ import annotations

from ccswitch_tui.printable import printable
from ccswitch_tui.secret import redact
from ccswitch_tui.tui.i18n import t


def crash_text(error: BaseException | None) -> str:
    """An exception as calm lines."""
    import traceback

    error = getattr(error, "error", error)  # a failed worker wraps what happened in it
    where = "".join(traceback.format_exception(error)) if error else ""
    return f"{printable(redact(where)).rstrip()}\n\n{t('app.crash')}\n"
