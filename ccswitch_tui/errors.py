"""The few errors a user reads: what happened, what to do, and the exit code.

Only for what a person will read; a programming mistake stays a builtin
exception, and what is wrong with the world is a Finding. The form is
`error: lower case, no full stop, the thing quoted`, then a hint to paste. Both
are Sentences, so that no error can be raised that the catalogue does not know;
the type checker holds it.
"""

from enum import IntEnum

from ccswitch_tui.sentence import NOTHING, Sentence


class ExitCode(IntEnum):
    """What a shell is told; scripts rely on these numbers."""

    DONE = 0
    FAILED = 1
    """Something failed; the message says what."""
    USAGE = 2
    """The command line or a file does not make sense."""
    ENDPOINT = 3
    """The endpoint cannot be reached or returns an invalid response."""
    KEY_REFUSED = 4
    """The endpoint refuses the key."""
    KEY_STORE = 5
    """The key store is locked, absent or lost."""
    CONFLICT = 6
    """A file changed since it was read, or cannot be parsed: nothing was written."""
    INTERRUPTED = 130


class CcswitchError(Exception):
    """An error whose message is meant for the user. `hint` can be pasted or followed."""

    exit_code = ExitCode.FAILED
    kind = "failed"

    def __init__(self, message: Sentence, *, hint: Sentence = NOTHING, kind: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if kind:
            self.kind = kind


class UsageError(CcswitchError):
    """The command line, a paste or a file of ours does not make sense."""

    exit_code = ExitCode.USAGE
    kind = "usage"


class EndpointError(CcswitchError):
    """The endpoint cannot be reached or returns an invalid response."""

    exit_code = ExitCode.ENDPOINT
    kind = "endpoint"


class KeyRefusedError(CcswitchError):
    """The endpoint refuses the key."""

    exit_code = ExitCode.KEY_REFUSED
    kind = "key-refused"


class KeyStoreError(CcswitchError):
    """The key store is locked, absent, lost or slow; or the key is not in it."""

    exit_code = ExitCode.KEY_STORE
    kind = "key-store"


class ConflictError(CcswitchError):
    """A file changed since it was read, or cannot be parsed. Nothing was written."""

    exit_code = ExitCode.CONFLICT
    kind = "conflict"
