"""Words of the page: both languages say the same, and errors are understood."""

from __future__ import annotations

import ast
import re
import string

import pytest

from tests.architecture.sources import sources
from voice import AudioFileError, NothingToSayError, OptionError, VoiceError
from webui import messages
from webui.messages import PageError, explain, language_of, translate


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_sentences_with_the_same_values() -> None:
    english, chinese = (messages.table(locale) for locale in messages.LOCALES)
    assert english.keys() == chinese.keys()
    for key, sentence in english.items():
        assert placeholders(sentence) == placeholders(chinese[key]), key
        assert sentence.strip() and chinese[key].strip(), key


def test_every_key_of_the_code_is_in_the_files_and_the_other_way_round() -> None:
    known = messages.table("en").keys()
    words = {
        node.value
        for source in sources("webui") for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    made = ("language_", "setting_", "error_", "stage_", "verdict_", "model_", "source_",
            "blend_voice_", "batch_", "notation_")
    unused = {key for key in known if key not in words and not key.startswith(made)}
    assert not unused
    looks_like_key = re.compile(r"^(error|stage|info|voices|keep|blend|status)_[a-z0-9_]*[a-z0-9]$")
    actions = {"keep_voice", "keep_reading"}
    used = {word for word in words if looks_like_key.match(word)} - actions
    assert used <= known, used - known


def test_every_error_class_has_a_sentence() -> None:
    codes = {kind.code for kind in VoiceError.__subclasses__() if kind is not PageError}
    for locale in messages.LOCALES:
        assert {f"error_{code}" for code in codes} <= messages.table(locale).keys()


@pytest.mark.parametrize(("cookies", "accept", "expected"), [
    ("", "", "en"),
    ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
    ("", "zh-TW", "zh-CN"),
    ("", "de-DE,zh;q=0.3,en;q=0.7", "en"),
    ("", "de-DE", "en"),
    ("", "en;q=oops,zh", "zh-CN"),
    ("voice_language=zh-CN", "en-US", "zh-CN"),
    ("voice_language=en", "zh-CN", "en"),
    ("voice_language=../../etc", "zh", "zh-CN"),
    ("\x00;;=", "en", "en"),
])
def test_language_of_a_request(cookies: str, accept: str, expected: str) -> None:
    assert language_of(cookies, accept) == expected


def test_errors_keep_their_sentence_in_english() -> None:
    error = OptionError("speed is 9", "It must be a number from 0.5 to 2.")
    assert explain(error, "en") == "Speed is 9. It must be a number from 0.5 to 2."


def test_errors_are_translated_where_a_rule_knows_them_and_summed_up_elsewhere() -> None:
    known = OptionError("speed is 9", "It must be a number from 0.5 to 2.")
    assert explain(known, "zh-CN") == "“语速”的值为 9，应为 0.5 到 2 之间的数。"
    strange = NothingToSayError("something new")
    said = explain(strange, "zh-CN")
    assert said.startswith(messages.text("zh-CN", "error_nothing_to_say"))
    assert "something new" in said


def test_errors_never_tell_folders_or_tracebacks() -> None:
    error = AudioFileError("/tmp/gradio/ab12/my take.wav is empty (0 bytes)", "Record it again.")
    assert explain(error, "en") == "My take.wav is empty (0 bytes). Record it again."
    assert explain(ValueError("/etc/passwd"), "en") == messages.text("en", "error_unexpected")
    assert translate("at 1/2 speed, and/or less", "en") == "at 1/2 speed, and/or less"


def test_page_errors_are_in_the_language_of_the_page() -> None:
    error = PageError("error_text_long", length=20_000, limit=10_000)
    assert "20000" in explain(error, "zh-CN") and "字符" in explain(error, "zh-CN")
    assert explain(error, "en").startswith("The text has 20000 characters")
