"""Writes into the READMEs what is generated: the demo's transcript, the table of keys, the exit codes.

README.md and README.zh-CN.md say the same. `python tools/readme.py` rewrites
them; tests/test_readme.py fails when they are no longer true, apart from what
differs from run to run: ports, times, ids.
"""

from __future__ import annotations

import contextlib
import io
import re
from functools import partial
from pathlib import Path

from ccswitch_tui.cli.main import main
from ccswitch_tui.errors import ExitCode
from ccswitch_tui.language import speak
from ccswitch_tui.tui.i18n import catalogue
from ccswitch_tui.tui.keys import EVERYWHERE, KEYS, shown

ROOT = Path(__file__).resolve().parents[1]

READMES = {"en": ROOT / "README.md", "zh-CN": ROOT / "README.zh-CN.md"}

PLACES = ("home", "probe", "traffic", "why", "history", "doctor", EVERYWHERE)

MEANINGS = {
    ExitCode.DONE: (
        "done; for `probe`: it works; for `doctor`: nothing is wrong",
        "完成；`probe`：可用；`doctor`：没有问题",
    ),
    ExitCode.FAILED: (
        "something failed, the message says what; for `probe`: works with limits; for `doctor`: findings",
        "有操作失败，消息会说明；`probe`：可用但受限；`doctor`：发现问题",
    ),
    ExitCode.USAGE: ("the command line or a file does not make sense", "命令行或文件有误"),
    ExitCode.ENDPOINT: (
        "the endpoint cannot be reached or returns an invalid response", "无法连接端点，或它返回了无效的回答"
    ),
    ExitCode.KEY_REFUSED: ("the endpoint refuses the key", "端点拒绝密钥"),
    ExitCode.KEY_STORE: ("the key store is locked, absent or lost", "密钥库已锁定、不存在或丢失"),
    ExitCode.CONFLICT: (
        "a file changed since it was read, or cannot be parsed: nothing was written",
        "文件在读取之后被改动，或无法解析：没有写入任何内容",
    ),
    ExitCode.INTERRUPTED: ("interrupted", "已中断"),
}  # fmt: skip

HEADS = {"en": ("where", "keys", "everywhere", "code", "means"), "zh-CN": ("位置", "按键", "各处", "退出码", "含义")}

SECTIONS = {"en": ("Keys", "Exit codes"), "zh-CN": ("按键", "退出码")}

CHANGING = (
    (r"127\.0\.0\.1(:| port | 端口 )\d+", r"127.0.0.1\1N"),
    (r"\b\d+(?:\.\d+)? (ms\b|s\b|毫秒|秒)", "N ms"),
    (r"\bmsg_\w+", "msg_N"),
    (r" {2,}", "  "),
)
"""What a run decides by chance, and what stands for it in a comparison."""


def keys_table(code: str) -> str:
    """The table of keys, from the one the app itself reads."""
    words = catalogue(code)
    where, keys, everywhere, *_ = HEADS[code]
    rows = [f"| {where} | {keys} |", "|---|---|"]
    for place in PLACES:
        cells = [f"`{shown(key)}` {words[f'key.{key.action}']}" for key in KEYS if key.place == place]
        rows.append(f"| {everywhere if place == EVERYWHERE else place} | {' · '.join(cells)} |")
    return "\n".join(rows)


def exit_codes_table(language: str) -> str:
    """The table of exit codes, from the program's own."""
    *_, code, means = HEADS[language]
    rows = [f"| {exit_.value} | {MEANINGS[exit_][list(READMES).index(language)]} |" for exit_ in ExitCode]
    return "\n".join([f"| {code} | {means} |", "|---|---|", *rows])


def transcript(language: str) -> str:
    """What `ccswitch-tui demo` prints where there is no terminal; its scratch home is written as `~`."""
    raw = io.BytesIO()
    printed = io.TextIOWrapper(raw, encoding="utf-8")
    with contextlib.redirect_stdout(printed):
        code = main(["--lang", language, "demo"])
    speak("en")
    printed.flush()
    text = re.sub(r"/[^\s']*?/ccswitch-demo-\w+", "~", raw.getvalue().decode())
    if code != 0:
        raise SystemExit(text)
    return text.strip()


def steady(text: str) -> str:
    """A text without what chance put into it."""
    for pattern, put in CHANGING:
        text = re.sub(pattern, put, text)
    return text


def _between(text: str, found: re.Match[str]) -> str:
    return f"{found[1]}{text}{found[2]}"


def rendered(readme: str, language: str) -> str:
    """A README with the three parts as they should be."""
    keys, codes = SECTIONS[language]
    parts = {
        r"(```console\n).*?(\n```)": transcript(language),
        rf"(^## {keys}\n\n).*?(\n\n## )": keys_table(language),
        rf"(^## {codes}\n\n).*?(\n\n## )": exit_codes_table(language),
    }
    for pattern, text in parts.items():
        readme, count = re.subn(pattern, partial(_between, text), readme, count=1, flags=re.DOTALL | re.MULTILINE)
        if count != 1:
            raise SystemExit(f"the README has no place for {pattern}")
    return readme


if __name__ == "__main__":
    for language, path in READMES.items():
        written = path.read_text(encoding="utf-8")
        now = rendered(written, language)
        if steady(now) != steady(written):
            path.write_text(now, encoding="utf-8")
