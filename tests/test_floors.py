"""The floors of the design: what may import what, and what a quick command really loads.

import-linter reads the static graph; it cannot see what a lazy import costs.
So each quick command also runs in a process of its own, which then tells what
is in `sys.modules`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from ccswitch_tui.paths import resolve_paths
from ccswitch_tui.profiles.store import load_profiles

ROOT = Path(__file__).resolve().parents[1]

HEAVY = {
    "aiohttp", "argparse", "asyncio", "concurrent.futures", "cryptography", "dataclasses", "email", "filelock",
    "gettext", "httpx", "importlib.metadata", "inspect", "jeepney", "keyring", "locale", "logging", "msgspec",
    "multiprocessing", "pathlib", "platformdirs", "rich", "secretstorage", "shutil", "socket", "ssl", "subprocess",
    "tempfile", "textual", "tomlkit", "tomllib", "typing", "typing_extensions", "urllib.request", "uvloop",
}  # fmt: skip
"""What a quick command cannot afford; each costs more than all of its own work (STYLE.md has the figures)."""

PROFILES = """\
version = 1
[profiles.work]
key = "env:EXAMPLE_KEY"
route = "direct"
endpoint = { base_url = "https://api.work.example", wire = "anthropic" }
models = { default = "large" }

[profiles.local]
endpoint = { base_url = "http://127.0.0.1:9/v1", wire = "openai-chat" }
models = { default = "small" }
"""

TELL = """
import sys
before = set(sys.modules)
from ccswitch_tui.cli.main import main
code = main(sys.argv[1:])
sys.stdout.flush()
import json
sys.stderr.write("\\n" + json.dumps([code, sorted(set(sys.modules) - before)]))
"""

QUICK: dict[str, tuple[list[str], int]] = {
    # what is run, and how many modules of ours it may load at most
    "use": (["use", "work"], 45),
    "use through the proxy": (["use", "local"], 54),
    "list": (["list"], 36),
    "current": (["current"], 55),
    "key": (["key", "work"], 36),
    "statusline": (["statusline"], 32),
    "help": (["--help"], 24),
    "version": (["--version"], 26),
}


def modules_loaded_by(words: list[str], home: Path) -> set[str]:
    """The modules a command added to a bare interpreter's, on a machine where the profiles were read before."""
    folder = home / "ours"
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "CCSWITCH_HOME": str(folder),
        "EXAMPLE_KEY": "sk-example-0001",
    }
    paths = resolve_paths(env)
    Path(paths.state_dir).mkdir(parents=True)
    Path(paths.profiles).write_text(PROFILES)
    assert load_profiles(paths).profiles
    done = subprocess.run(
        [sys.executable, "-I", "-c", TELL, *words],
        env=env,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


@pytest.mark.parametrize("command", QUICK)
def test_a_quick_command_loads_nothing_heavy(command: str, home: Path) -> None:
    words, most = QUICK[command]
    loaded = modules_loaded_by(words, home)
    assert sorted(loaded & HEAVY) == []
    ours = sorted(name for name in loaded if name.startswith("ccswitch_tui"))
    assert not {name for name in ours if name.startswith("ccswitch_tui.tui")}
    assert len(ours) <= most, ours


def test_who_makes_records_keeps_annotations_as_texts() -> None:
    """Python 3.14 gives record.py none to read otherwise."""
    for path in (ROOT / "ccswitch_tui").rglob("*.py"):
        text = path.read_text("utf-8")
        if "ccswitch_tui.record import" in text:
            assert "from __future__ import annotations\n" in text, path


def test_the_package_itself_imports_nothing() -> None:
    program = "import sys; before = set(sys.modules); import ccswitch_tui; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "['ccswitch_tui']"


def test_no_module_reaches_itself_through_others() -> None:
    """Imports for annotations alone and those inside functions count: what needs each other is one thing, or has a
    third between them (tui/host.py, proxy/parts.py)."""
    graph = grimp.build_graph("ccswitch_tui", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_imports_go_down_only() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("no import-linter here; it comes with: pip install '.[test]'")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-4000:]
