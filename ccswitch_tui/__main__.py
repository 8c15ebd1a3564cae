"""`python -m ccswitch_tui`: the same program as the `ccswitch-tui` script."""

from ccswitch_tui.cli.main import entry

if __name__ == "__main__":
    entry()
