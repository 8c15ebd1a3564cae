"""The serving process's place as the one background proxy: its lock, and its record kept right while it runs."""

import contextlib
import os
import sys

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.proxy.background.state_record import State, StateRecord, this_program
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say


class Claim:
    """The run lock, held until release() or the end of the process."""

    token: Secret
    control: Secret
    """This proxy's own, new."""

    def __init__(self, handle: int, lock_path: str, file: StateRecord) -> None:
        self._handle: int | None = handle
        self._lock_path = lock_path
        self._file = file
        self._inode = os.fstat(handle).st_ino
        self._stamp: tuple[int, int] | None = None
        self.record: State = {}
        """What the state file says of this proxy."""

    def listening(self) -> None:
        """Notes that connections are accepted: who does not answer from here on hangs."""
        self.record = {**self.record, "listening": True, "served": this_program()}
        with contextlib.suppress(OSError, CcswitchError):
            self._file.restore(self.record)

    def look_after(self) -> str | None:
        """Keeps the record right. A reason to end, when our folder is gone: nobody could find this proxy any more."""
        if self._handle is None:
            return None
        try:
            inode = os.stat(self._lock_path).st_ino
        except FileNotFoundError:
            inode = -1
        except OSError:
            return None
        if inode != self._inode and sys.platform != "win32":
            return say("the folder of its files was deleted")
        with contextlib.suppress(OSError, CcswitchError):  # a full disk: tried again
            stamp = self._file.stamp()
            if stamp is None or stamp != self._stamp:
                self._file.restore(self.record)
                self._stamp = self._file.stamp()
        return None

    def release(self) -> None:
        """Lets another proxy start, while this one finishes its streams."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
