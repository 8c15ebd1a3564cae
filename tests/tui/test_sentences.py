"""The sentences of the parts below the app: every one can be said in Chinese, and none slips past the catalogue."""

from __future__ import annotations

import ast
import json
import os
import re
import string
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ccswitch_tui
from ccswitch_tui import language
from ccswitch_tui.claude.differences import FOREIGN, GONE, RIVAL
from ccswitch_tui.claude.layers import LABELS
from ccswitch_tui.claude.owned import EXTRA, OWNED
from ccswitch_tui.findings import catalogue
from ccswitch_tui.net.way import KNOWN_SCHEMES
from ccswitch_tui.probe.classify import rules
from ccswitch_tui.probe.diagnose import diagnose
from ccswitch_tui.probe.explanations import patterns
from ccswitch_tui.probe.model import RUNGS
from ccswitch_tui.probe.report import NOT_PROMISED, VERDICT_GLYPH, report_from_json, sentences_of
from ccswitch_tui.profiles import table
from ccswitch_tui.profiles.presets import KINDS, load_presets
from ccswitch_tui.profiles.url_path import ROUTES
from ccswitch_tui.secret import MASK
from ccswitch_tui.sentence import Sentence, joined, quoting, say, tidied
from ccswitch_tui.tui import i18n, look
from ccswitch_tui.wire.formats import VERSION_REMOVED
from ccswitch_tui.wire.quirks import QUIRKS
from ccswitch_tui.workflows.why import ALSO_WATCHED
from kit.transcript import Transcript, read_transcript

PACKAGE = Path(ccswitch_tui.__file__).parent
RECORDED = Path(__file__).parents[1] / "recorded"
TRANSCRIPTS = [read_transcript(path) for path in sorted(RECORDED.glob("*.txt"))]
CHINESE = i18n.catalogue("sentences.zh-CN")
KEY = "sk-example-0123456789abcdef0123"

TREES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
    if re.search("from ccswitch_tui.(sentence|language) import", path.read_text(encoding="utf-8"))
}


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    i18n.use_language("zh-CN")
    yield
    i18n.use_language("en")


# ---------------------------------------------------------------- the catalogue is complete


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in names:
                yield node


def written_down() -> set[str]:
    """Every template that is written in code."""
    said = (arg for tree in TREES.values() for call in calls(tree, "say", "said", "counted") for arg in call.args)
    return {arg.value for arg in said if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}


def in_tables() -> set[str]:
    """Every template that stands in a table."""
    found = {text for row in catalogue().values() for text in (row.because, row.fix, row.consequence) if text}
    found |= {text for rule in rules() for text in (rule.because, rule.fix) if text}
    found |= {text for row in patterns() for text in (row.layer, row.means, row.do)}
    found |= {row.title for row in catalogue().values()} | {rung.proves for rung in RUNGS}
    found |= {quirk.doc for quirk in QUIRKS.values()}
    found |= {row.reason for row in (*OWNED.values(), EXTRA)}
    found |= {*LABELS.values(), *KINDS.values(), *on_the_command_line()}
    found |= {text for p in load_presets().presets.values() for text in (p.title, p.value, *p.notes) if text}
    found |= {wanted for fields in vars(table).values() if isinstance(fields, dict) for wanted in _wanted(fields)}
    return found | {
        "see below",
        FOREIGN,
        GONE,
        RIVAL,
        "probe it",
        *ALSO_WATCHED.values(),
        KNOWN_SCHEMES,
        VERSION_REMOVED,
        *(r[2] for r in ROUTES),
    }


def on_the_command_line() -> set[str]:
    """The tables of the command line: help, what argparse says, headings."""
    from ccswitch_tui.cli import compare, edit, main, parsing, unlock, usage, why
    from ccswitch_tui.workflows import prices

    parsers = [main.build_parser(word)[0] for word in main.COMMANDS]
    found = {text for parser in parsers for text in parsing.texts_of(parser)}
    found |= {summary for _, summary in main.COMMANDS.values()} | {*main.OVERVIEW, parsing.HELP}
    found |= {template for _, template in parsing.MISTAKES} | {*unlock.STATES.values(), *why.FURTHER_PLACES.values()}
    found |= {*usage.USAGE_COLUMNS, *compare.TITLES, *usage.NAMES, *NOT_PROMISED.values(), *VERDICT_GLYPH}
    found |= {*prices.SOURCES.values(), edit.EDITOR_HEADER}
    points = calls(TREES[PACKAGE / "workflows" / "status.py"], "Point")
    found |= {point.args[0].value for point in points if isinstance(point.args[0], ast.Constant)}  # type: ignore[misc]
    return {text for text in found if text[0].isalpha() or " " in text} - {""}


def _wanted(fields: dict[str, object]) -> Iterator[str]:
    """The second part of each row of profiles.model's tables of checks."""
    for row in fields.values():
        if isinstance(row, tuple) and len(row) == 2 and callable(row[0]):
            yield row[1]


def places(text: str) -> list[tuple[str, str | None]]:
    return sorted((name, spec) for _, name, spec, _ in string.Formatter().parse(text) if name)


def only_a_place(template: str) -> bool:
    """A template that says nothing itself: one value, whatever it is."""
    return template.startswith("{") and template.find("}") == len(template) - 1


ASKED = {t for t in written_down() | in_tables() if not only_a_place(t)}
JOINTS = {"{before}; {after}", "{before}, {after}", "{before} and {after}", "{before} or {after}"}
"""What joined() makes."""


def test_every_sentence_has_a_chinese_text() -> None:
    """Reported, and a failure only where a release is made: whoever adds a sentence need not speak Chinese."""
    missing = sorted(ASKED - set(CHINESE))
    if missing and os.environ.get("TRANSLATIONS") == "complete":
        pytest.fail("without a Chinese text:\n" + "\n".join(missing))
    if missing:
        warnings.warn(f"{len(missing)} sentences have no Chinese text yet: {missing}", stacklevel=1)


def test_every_chinese_text_belongs_to_a_sentence() -> None:
    assert sorted(set(CHINESE) - ASKED - JOINTS) == []


def test_both_languages_have_the_same_places_with_the_same_forms() -> None:
    assert {t: places(c) for t, c in CHINESE.items()} == {t: places(t) for t in CHINESE}


def test_joints_are_those_the_catalogue_knows() -> None:
    between = {ast.unparse(call.args[1]) for tree in TREES.values() for call in calls(tree, "joined") if call.args[1:]}
    assert {"{before}" + ast.literal_eval(text) + "{after}" for text in between} <= JOINTS


def test_findings_and_rungs_are_named_in_chinese_inside_a_sentence() -> None:
    for entry in catalogue().values():
        assert i18n.spoken(say(entry.title)) == i18n.named(entry.title)
    assert i18n.spoken(say("because of {code}", code=say("tcp"))) == "因为“连接”未通过"


FROM_TABLES = {
    "say(owned(key).reason)", "say(LABELS[place.layer])", "say(cause.code)", "say(first.title)", "say(wanted)",
    "say(note)", "say(table['title'])", "say(layer)",
    "say(table['value'])", "say(why)", "say(KNOWN_SCHEMES)", "say(refused.title)", "say(ALSO_WATCHED[key])",
    "say(LABELS[value.winner])", "say(LABELS[ours.scope])", "say(row.layer)", "say(row.means)", "say(row.do)",
    "say(known)", "say(rule.fix or 'probe it')",
    "say(FOREIGN)", "say(GONE, name=profile)",
    "say(RIVAL, name=name, who=_who(effective(layers, f'env.{name}').winner))", "say(SOURCES[price.by])",
    "say(what_fails)", "say(VERSION_REMOVED)",
    "say(state)", "say(NOT_PROMISED[code])", "say(template, **found.groupdict())",
}  # fmt: skip
"""What is said without being written there: rows of the tables above, and names that have a text by id."""


def test_a_sentence_is_written_where_it_is_said_or_stands_in_a_table() -> None:
    elsewhere = {
        ast.unparse(call)
        for path, tree in TREES.items()
        if path.name not in ("sentence.py", "language.py")
        for call in calls(tree, "say")
        if call.args and not isinstance(call.args[0], ast.Constant)
    }
    assert elsewhere <= FROM_TABLES


# ---------------------------------------------------------------- nothing slips past it

SAYS: dict[str, tuple[int, ...]] = {"step": (2,), "told": (1, 2), "DialFailure": (1,), "fail": (1,), "Answer": (2, 3)}
"""Where findings, steps and failures take their sentences by position."""

NAMED = {"because", "fix", "box", "skew", "calls", "near", "again", "tried"}
"""And by name."""


def bare(node: ast.expr | None, function: ast.AST, depth: int = 0) -> Iterator[str]:
    """The English in an expression that no template knows, also behind a name of the same function."""
    if isinstance(node, ast.JoinedStr | ast.BinOp):
        yield ast.unparse(node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and any(c.isalpha() for c in node.value):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (text for part in (node.body, node.orelse) for text in bare(part, function, depth))
    elif isinstance(node, ast.BoolOp):
        yield from (text for part in node.values for text in bare(part, function, depth))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "format"):
        yield from bare(node.func.value, function, depth) if isinstance(node.func.value, ast.Constant) else ()
    elif isinstance(node, ast.Name) and depth < 3:
        for given_ in ast.walk(function):
            targets = getattr(given_, "targets", [getattr(given_, "target", None)])
            if isinstance(given_, ast.Assign | ast.AugAssign) and any(getattr(t, "id", "") == node.id for t in targets):
                yield from bare(given_.value, function, depth + 1)


def test_no_finding_step_or_failure_is_given_a_bare_text() -> None:
    slipped = []
    for path in sorted([*(PACKAGE / "probe").glob("*.py"), *(PACKAGE / "doctor").glob("*.py")]):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for call in calls(function, *SAYS, "finding", "refused"):
                name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                given_ = [call.args[i] for i in SAYS.get(name, ()) if i < len(call.args)]
                given_ += [keyword.value for keyword in call.keywords if keyword.arg in NAMED]
                slipped += [f"{path.name}:{call.lineno}: {t}" for part in given_ for t in bare(part, function)]
    assert slipped == []


PRINTS = ("line", "talk", "hint", "ask", "ask_hidden", "point")
"""Output's ways to the terminal. An error's message and hint need no test: they are Sentences by type."""

SPOKEN = {"say", "said", "counted", "named", "spoken", "to_paste", "glyph"}

PROTOCOL = {"listening on "}
"""What scripts wait for is the same in every language."""


def printed_bare(node: ast.expr) -> Iterator[str]:
    """The English words in what is printed that no template knows."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name not in SPOKEN:
            given_ = [*node.args[name == "paint" :], *(keyword.value for keyword in node.keywords)]
            yield from (text for part in given_ for text in printed_bare(part))
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and re.search("[a-z]{2}", node.value):
            yield node.value
    elif not isinstance(node, ast.Subscript | ast.Compare):
        yield from (t for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr) for t in printed_bare(part))


def test_no_bare_english_is_printed() -> None:
    slipped = []
    for path, tree in TREES.items():
        if path.parent.name not in ("cli", "workflows", "demo"):
            continue
        for call in calls(tree, *PRINTS):
            if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in ("out", "self.out"):
                words = call.args[call.func.attr == "point" :]
                found = {text for part in words for text in printed_bare(part)} - PROTOCOL
                slipped += [f"{path.name}:{call.lineno}: {t}" for t in found if not t.startswith(("$ ", " -H"))]
    assert slipped == []


def test_only_commands_and_lines_of_files_are_pasted_untranslated() -> None:
    literals = [ast.unparse(call.args[0]) for tree in TREES.values() for call in calls(tree, "to_paste")]
    pasted = re.compile(r"""f?['"](ccswitch-tui |--|\{option\} env:|export |\w+ = )|EXAMPLES\[|pipe_variable\(""")
    assert [text for text in literals if not pasted.match(text)] == []


def test_bare_english_in_what_is_printed_would_be_noticed() -> None:
    noticed = [
        'out.line(f"{name} is gone")',
        'out.line(out.paint("bold", "all gone"))',
        'out.line(" ".join(["all gone"]))',
    ]
    for text in noticed:
        call = next(calls(ast.parse(text), "line"))
        assert [t for part in call.args for t in printed_bare(part)]


def unknown(text: str) -> list[str]:
    """The templates in a text, and in its values, that have no Chinese."""
    if not isinstance(text, Sentence):
        return []
    missing = [unknown(value) for value in text.values.values() if isinstance(value, str)]
    here = [] if only_a_place(text.template) or text.template in language.sentences() else [text.template]
    return here + [template for found in missing for template in found]


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda t: t.name)
def test_a_recorded_endpoint_is_explained_in_known_sentences(transcript: Transcript) -> None:
    report = diagnose(transcript.target, transcript.exchanges, ladder=transcript.ladder)  # type: ignore[arg-type]
    texts = [report.sentence, *(s.because for s in report.steps)]
    texts += [t for f in report.findings if f.fix for t in (f.because, f.fix.text)]
    assert [text for text in texts if not isinstance(text, Sentence)] == []
    assert [template for text in texts for template in unknown(text)] == []


@pytest.mark.parametrize("transcript", TRANSCRIPTS[::5], ids=lambda t: t.name)
def test_a_kept_report_is_explained_in_the_same_words(transcript: Transcript) -> None:
    report = diagnose(transcript.target, transcript.exchanges, ladder=transcript.ladder)  # type: ignore[arg-type]
    kept = json.loads(json.dumps({**report.to_json(), "sentences": sentences_of(report)}))
    again = report_from_json(kept)
    assert [i18n.spoken(s.because) for s in again.steps] == [i18n.spoken(s.because) for s in report.steps]
    assert [i18n.spoken(f.because) for f in again.findings] == [i18n.spoken(f.because) for f in report.findings]
    assert again.to_json() == report.to_json()


# ---------------------------------------------------------------- how a sentence behaves


def test_a_sentence_is_its_english() -> None:
    text = say("connected to {peer}", peer="127.0.0.1 port 80")
    assert text == "connected to 127.0.0.1 port 80" and json.dumps(text) == '"connected to 127.0.0.1 port 80"'
    assert i18n.spoken(text) == "已连接 127.0.0.1 port 80"


def test_values_that_are_sentences_are_spoken_too() -> None:
    assert i18n.spoken(say("nothing listens at {where}", where=say("{address} port {port}", address="h", port=1))) == (
        "h 端口 1 没有程序在监听"
    )
    assert i18n.spoken(joined([say("plain http"), "HTTP"])) == "未加密的 http；HTTP"


def test_somebody_elses_words_are_quoted_even_where_they_sound_like_ours() -> None:
    assert i18n.spoken("plain http") == "plain http"
    assert i18n.spoken(say("the endpoint says: {words}", words="plain http")) == "端点的说明：plain http"


def test_braces_in_a_value_are_no_places() -> None:
    assert i18n.spoken(say("the endpoint says: {words}", words="{status} {0.x}")) == "端点的说明：{status} {0.x}"


def test_what_was_not_seen_leaves_no_punctuation_behind() -> None:
    assert i18n.spoken(say("the endpoint says: {words}", words="")) == "端点的说明"


def test_a_key_in_a_value_is_redacted_in_chinese_too() -> None:
    shown = look.quoted(say("the endpoint says: {words}", words=f"bad key {KEY}"))
    assert KEY not in shown and "端点的说明：bad key" in shown


def test_what_english_hides_by_its_own_words_stays_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    template = "Authorization: Bearer {value}"
    monkeypatch.setitem(language.sentences(), template, "凭据 {value}")
    shown = look.quoted(say(template, value="abc123def456"))
    assert "abc123def456" not in shown and MASK in shown


@given(words=st.text(max_size=40), template=st.sampled_from(sorted(CHINESE)))
def test_chinese_shows_nothing_that_english_hides(words: str, template: str) -> None:
    values = {name: 7 if spec else f"{words} {KEY} {words}" for name, spec in places(template)}
    shown = look.quoted(say(template, **values))
    assert KEY not in shown


def test_tidying_the_english_keeps_the_sentence() -> None:
    text = tidied(lambda t: t[:9] + "…", say("the endpoint says: {words}", words="no"))
    assert text == "the endpo…" and i18n.spoken(text) == "端点的说明：no"
    assert tidied(str.strip, " plain ") == "plain"


def test_words_in_the_place_of_a_sentence_are_quoted_and_a_sentence_stays() -> None:
    ours = say("plain http")
    assert quoting(ours) is ours and i18n.spoken(quoting("plain http")) == "plain http"


@pytest.mark.parametrize(
    "given_",
    [
        'step("tcp", "ok", f"connected to {peer}")',
        'step("tls", "skip", "plain http")',
        "told(kind, because, say('use it'))",
    ],
)
def test_a_bare_text_would_be_noticed(given_: str) -> None:
    function = ast.parse(
        f'def judge():\n    because = "no {{}}".format(peer) if peer else f"{{peer}} is gone"\n    {given_}'
    )
    call = next(calls(function, "step", "told"))
    name = getattr(call.func, "id", "")
    assert [text for i in SAYS[name] for text in bare(call.args[i], function)]
