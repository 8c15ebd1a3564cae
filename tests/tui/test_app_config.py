"""The app's own settings: looking writes nothing, a change keeps comments, a broken file is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccswitch_tui.errors import ConflictError
from ccswitch_tui.paths import Paths, resolve_paths
from ccswitch_tui.tui.config import AppConfig, load_config, save_config


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return resolve_paths({"HOME": str(tmp_path), "CCSWITCH_HOME": str(tmp_path / "ours")})


def write(paths: Paths, text: str) -> Path:
    path = Path(paths.app_config)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_defaults_and_is_not_made_by_looking(paths: Paths) -> None:
    assert load_config(paths) == (AppConfig(), None)
    assert not Path(paths.config_dir).exists()


def test_a_change_keeps_comments_and_keys_of_others(paths: Paths) -> None:
    path = write(paths, '# mine\nlanguage = "en"  # not German\nfuture = 1\n')
    save_config(paths, AppConfig(language="zh-CN", theme="nord"))
    assert path.read_text(encoding="utf-8") == '# mine\nlanguage = "zh-CN"  # not German\nfuture = 1\ntheme = "nord"\n'


def test_only_what_differs_from_the_defaults_is_written(paths: Paths) -> None:
    save_config(paths, AppConfig(theme="nord"))
    assert Path(paths.app_config).read_text(encoding="utf-8") == 'theme = "nord"\n'


def test_a_broken_file_is_said_and_left_alone(paths: Paths) -> None:
    path = write(paths, "theme = nord\n")
    config, problem = load_config(paths)
    assert config == AppConfig()
    assert problem is not None
    with pytest.raises(ConflictError):
        save_config(paths, AppConfig(theme="nord"))
    assert path.read_text(encoding="utf-8") == "theme = nord\n"


@pytest.mark.parametrize("text", ['language = "tlh"', "language = 3", 'ascii = "maybe"'])
def test_a_value_that_cannot_be_meant_falls_back(paths: Paths, text: str) -> None:
    write(paths, text)
    assert load_config(paths)[0] == AppConfig()


def test_signs_follow_the_setting(paths: Paths) -> None:
    assert AppConfig(ascii="always").wants_ascii({})
    assert not AppConfig(ascii="never").wants_ascii({})
