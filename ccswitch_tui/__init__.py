"""Run Claude Code on other models: profiles, keys, probes, settings, and a translating proxy.

This package root imports nothing, so that a quick switch does not pay for the app.
"""


def __getattr__(name: str) -> str:
    """`__version__` on demand (PEP 562)."""
    if name == "__version__":
        from ccswitch_tui._version import __version__

        return __version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
