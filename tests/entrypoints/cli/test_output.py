"""How results look: columns, colours, and what may not reach a terminal."""

import io
import sys

import pytest

from reflecta.entrypoints.cli.output import Output, printable, width, write_json


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def table(capsys: pytest.CaptureFixture[str], *rows: tuple[str, str]) -> list[str]:
    Output().table(("USER", "CATEGORY"), rows)
    return capsys.readouterr().out.splitlines()


def test_columns_stand_below_each_other_whatever_the_letters(capsys: pytest.CaptureFixture[str]) -> None:
    lines = table(capsys, ("直美", "due"), ("bob", "disabled"))
    assert [width(line[: line.index(word)]) for line, word in zip(lines, ("CATE", "due", "dis"), strict=True)] == [
        6
    ] * 3


def test_a_long_id_is_neither_wrapped_nor_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert table(capsys, ("x" * 256, "due"))[1].startswith("x" * 256)


def test_words_have_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert Output().word("due") == "\x1b[36mdue\x1b[0m"


def test_no_color_takes_the_colours_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert Output(no_color=True).word("due") == "due"


def test_a_message_cannot_move_the_cursor_or_turn_the_line() -> None:
    assert printable("a\x1b[2Jb\u202ec\r") == "a\\x1b[2Jb\\u202ec\\r"


def test_letters_of_all_languages_and_joined_emoji_stay() -> None:
    text = "Où\u00a0? 直美 👩\u200d💻\nनमस्ते"
    assert printable(text) == text


def test_json_is_one_line_and_stays_json_where_the_terminal_knows_only_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", errors="backslashreplace"))
    write_json({"text": "né\n"})
    assert raw.getvalue() == b'{"text": "n\\u00e9\\n"}\n'
