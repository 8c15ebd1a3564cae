"""A release: number, changelog, wheel, sdist, bill of materials, checksums. Uploads nothing, tags nothing.

    python tools/release.py prepare 0.2.0    # number, changelog, man page, image tag; look at it, commit it
    python tools/release.py build            # dist/: from what is committed, the same bytes every time

`build` takes the committed files alone, into a folder of its own, with the
time of the commit as SOURCE_DATE_EPOCH, twice, and refuses two builds that
differ. The bill of materials (CycloneDX) names what pip installs with the
wheel on this platform, on the day of the build.
Requires: pip install '.[release]'. Source: reproducible-builds.org,
"SOURCE_DATE_EPOCH"; keepachangelog.com; cyclonedx.org.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

VERSION = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
UNRELEASED = "## [Unreleased]"


class NotReady(Exception):
    """What stands in the way of a release."""


def version_in(text: str) -> str:
    """The version that _version.py says."""
    found = re.search(r'__version__ = "([^"]+)"', text)
    if found is None:
        raise NotReady("_version.py names no version")
    return found[1]


def with_release(changelog: str, version: str, day: str) -> str:
    """The changelog with what is unreleased under a number, and a new empty part above it."""
    if f"## [{version}]" in changelog:
        raise NotReady(f"the changelog has {version} already")
    if not notes_of(changelog, "Unreleased"):
        raise NotReady("the changelog has nothing unreleased")
    return changelog.replace(UNRELEASED, f"{UNRELEASED}\n\n## [{version}] - {day}", 1)


def notes_of(changelog: str, version: str) -> str:
    """What the changelog says of one version; "" where there is nothing."""
    found = re.search(rf"^## \[{re.escape(version)}\].*?\n(.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def prepare(version: str, root: Path = ROOT, day: str = "") -> None:
    """Writes the number where it stands."""
    if not VERSION.fullmatch(version):
        raise NotReady(f"'{version}' is no version: 1.2.3, or 1.2.3rc1")
    changelog = root / "CHANGELOG.md"
    written = with_release(changelog.read_text("utf-8"), version, day or date.today().isoformat())
    place = root / "ccswitch_tui" / "_version.py"
    place.write_text(re.sub(r'(__version__ = ")[^"]+', rf"\g<1>{version}", place.read_text("utf-8")), "utf-8")
    changelog.write_text(written, "utf-8")
    pods = root / "deploy" / "kubernetes.yaml"
    pods.write_text(re.sub(r"(image: ccswitch-tui:)\S+", rf"\g<1>{version}", pods.read_text("utf-8")), "utf-8")
    env = {**os.environ, "PYTHONPATH": str(root)}  # of this very tree, whatever is installed
    subprocess.run([sys.executable, str(root / "tools" / "pages.py")], check=True, cwd=root, env=env)


def git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True).stdout


def check() -> str:
    """The version that can be built from what is committed. Raises NotReady."""
    if git("status", "--porcelain").strip():
        raise NotReady("there are changes that are not committed")
    version = version_in((ROOT / "ccswitch_tui" / "_version.py").read_text("utf-8"))
    if not notes_of((ROOT / "CHANGELOG.md").read_text("utf-8"), version):
        raise NotReady(f"the changelog says nothing of {version}: python tools/release.py prepare {version}")
    return version


def built(folder: Path) -> dict[str, bytes]:
    """Name → bytes of a wheel and an sdist, made of the last commit alone."""
    source, out = folder / "source", folder / "out"
    with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", "HEAD"))) as archive:
        archive.extractall(source, filter="data")
    env = {**os.environ, "SOURCE_DATE_EPOCH": git("log", "-1", "--format=%ct").decode().strip()}
    _run([sys.executable, "-m", "build", "--outdir", str(out), str(source)], env)
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def bill_of_materials(wheel: Path, folder: Path) -> bytes:
    """CycloneDX JSON of the wheel and everything it installs into an empty environment made in `folder`."""
    python = folder / "bin" / "python" if os.name == "posix" else folder / "Scripts" / "python.exe"
    venv.create(folder, with_pip=True)
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)])
    _run([str(python), "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools", "pip"])  # no parts of ours
    words = ["environment", "--output-reproducible", "--output-format", "JSON", "--mc-type", "application"]
    tool = [sys.executable, "-m", "cyclonedx_py", *words]
    return _run([*tool, "--pyproject", str(ROOT / "pyproject.toml"), str(python)])


def _run(command: list[str], env: dict[str, str] | None = None) -> bytes:
    """What it prints. Raises NotReady with what it said when it fails."""
    done = subprocess.run(command, env=env, capture_output=True)
    if done.returncode:
        said = (done.stdout[-2000:] + done.stderr[-2000:]).decode("utf-8", "replace")
        raise NotReady(f"'{' '.join(command[:4])} …' failed (pip install '.[release]'?):\n{said}")
    return done.stdout


def build(into: Path) -> None:
    """Wheel, sdist, bill of materials and SHA256SUMS."""
    version = check()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        files, again = built(Path(one)), built(Path(two))
    if files != again:
        raise NotReady("two builds of the same commit differ")
    stray = [name for name in files if version not in name]
    if stray:
        raise NotReady(f"not of version {version}: {', '.join(stray)}")
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(folder) / next(name for name in files if name.endswith(".whl"))
        wheel.write_bytes(files[wheel.name])
        files[f"ccswitch_tui-{version}.cdx.json"] = bill_of_materials(wheel, Path(folder) / "alone")
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    for name, data in {**files, "SHA256SUMS": sums.encode()}.items():
        (into / name).write_bytes(data)
    print(sums, end="")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a release; nothing is uploaded.")
    words = parser.add_subparsers(dest="word", required=True)
    words.add_parser("prepare", help="write number, changelog, man page, image tag").add_argument("version")
    make = words.add_parser("build", help="wheel, sdist, bill of materials, checksums")
    make.add_argument("--into", type=Path, default=ROOT / "dist")
    given = parser.parse_args()
    try:
        prepare(given.version) if given.word == "prepare" else build(given.into)
    except NotReady as error:
        raise SystemExit(f"release: {error}") from None


if __name__ == "__main__":
    main()
