"""The app's own settings in config.toml: theme, language, signs. Looking writes nothing; only a change does.

tomllib in, tomlkit out, as with the profiles, so that comments and keys of
others survive. A file that cannot be read is said to be that and left alone.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from ccswitch_tui.errors import CcswitchError, ConflictError, UsageError
from ccswitch_tui.paths import Paths
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import read_file

ASCII_CHOICES = ("auto", "always", "never")
LANGUAGE_CHOICES = ("auto", "en", "zh-CN")
LADDER_CHOICES = ("quick", "default", "full")
MOTION_CHOICES = ("auto", "still")


class AppConfig(NamedTuple):
    """What the settings screen changes."""

    theme: str = ""
    """Empty: the house theme that fits the terminal."""
    language: str = "auto"
    ascii: str = "auto"
    ladder: str = "default"
    """How far `p` probes."""
    motion: str = "auto"
    """Whether anything moves that need not: a ladder that is done, a checklist that is ticked."""

    def wants_motion(self, env: Mapping[str, str]) -> bool:
        """Whether things may move: not without colour, on a dumb terminal, or where Textual is told not to."""
        still = env.get("NO_COLOR") or env.get("TERM") == "dumb" or env.get("TEXTUAL_ANIMATIONS", "full") != "full"
        return self.motion == "auto" and not still

    def wants_ascii(self, env: Mapping[str, str]) -> bool:
        """Whether signs are to be ASCII: asked for, or the terminal's encoding has no others."""
        if self.ascii != "auto":
            return self.ascii == "always"
        encoding = getattr(sys.__stdout__, "encoding", None) or "utf-8"
        try:
            "✓✗●→─".encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return True
        return False


CHOICES = {"language": LANGUAGE_CHOICES, "ascii": ASCII_CHOICES, "ladder": LADDER_CHOICES, "motion": MOTION_CHOICES}


def load_config(paths: Paths) -> tuple[AppConfig, CcswitchError | None]:
    """The settings, and what was wrong with the file if something was: the app opens all the same."""
    try:
        raw = read_file(paths.app_config)
    except FileNotFoundError:
        return AppConfig(), None
    except OSError as error:
        return AppConfig(), UsageError(
            say("cannot read {path}: {reason}", path=paths.app_config, reason=error.strerror),
            kind="app-config",
        )
    import tomllib

    try:
        table = tomllib.loads(raw.decode("utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return AppConfig(), UsageError(
            say("cannot read {path}: {error}", path=paths.app_config, error=error),
            kind="app-config",
        )
    return _from_table(table), None


def _from_table(table: Mapping[str, Any]) -> AppConfig:
    """Unknown values fall back to the defaults: a newer program may have written them."""
    fits = {
        key: value
        for key, value in table.items()
        if key in AppConfig._fields and isinstance(value, str) and value in CHOICES.get(key, (value,))
    }
    return AppConfig(**fits)


def save_config(paths: Paths, config: AppConfig) -> None:
    """Writes what differs from the defaults. Raises ConflictError where the file cannot be parsed."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    from ccswitch_tui.textfile import locked, read_bytes, replace_text, sha256_of

    with locked(paths.app_config, paths.state_dir):
        raw = read_bytes(paths.app_config)
        try:
            document = tomlkit.parse((raw or b"").decode("utf-8-sig"))
        except (TOMLKitError, UnicodeDecodeError) as error:
            raise ConflictError(
                say(
                    "{path} cannot be parsed: {error}: nothing was written",
                    path=paths.app_config,
                    error=error,
                )
            ) from None
        for key, value in config._asdict().items():
            if value != AppConfig._field_defaults[key] or key in document:
                document[key] = value
        text = tomlkit.dumps(document).encode()
        if text != (raw or b""):
            replace_text(paths.app_config, text, expected_sha256=sha256_of(raw))
