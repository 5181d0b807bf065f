"""The library of kept voices: nothing without consent, nothing overwritten silently."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.synth.voices import CONSENT, make_voice, same
from voice.errors import ConsentError, OptionError, OutputError, VoiceFileError
from voice.synth.library import VoiceLibrary, default_folder, file_name


@pytest.fixture
def library(tmp_path: Path) -> VoiceLibrary:
    return VoiceLibrary(tmp_path / "home" / "voices")


def test_default_folder(tmp_path: Path) -> None:
    assert default_folder(tmp_path) == tmp_path / "voices"
    assert default_folder().parts[-2:] == ("voice", "voices")
    assert VoiceLibrary.at_home(tmp_path).folder == tmp_path / "voices"


def test_empty_library(library: VoiceLibrary) -> None:
    assert library.voices() == []
    assert library.names() == []
    with pytest.raises(VoiceFileError, match="There is no voice Ada.*empty"):
        library.get("Ada")
    assert not library.folder.exists()


def test_add_get_list_remove(library: VoiceLibrary) -> None:
    for name in ("bob", "Ada", "声音"):
        library.add(make_voice(name))
    assert library.names() == ["Ada", "bob", "声音"]
    assert same(library.get("bob"), make_voice("bob"))
    assert same(library.get(library.path("声音")), make_voice("声音"))
    library.remove("bob")
    assert library.names() == ["Ada", "声音"]
    with pytest.raises(VoiceFileError, match="no voice bob"):
        library.remove("bob")


def test_dates_are_filled_in(library: VoiceLibrary) -> None:
    kept = library.add(make_voice(consent_date="", created=""))
    assert kept.consent_date[:2] == kept.created[:2] == "20"
    assert library.get("Ada").consent_date == kept.consent_date


@pytest.mark.parametrize("consent", ["", "   ", "..."])
def test_nothing_is_kept_without_consent(
    library: VoiceLibrary, tmp_path: Path, consent: str
) -> None:
    voice = make_voice(consent=consent)
    with pytest.raises(ConsentError):
        library.add(voice)
    voice.save(tmp_path / "a.voice")
    with pytest.raises(ConsentError):
        library.import_file(tmp_path / "a.voice")
    assert library.names() == []


def test_a_taken_name_is_not_overwritten(library: VoiceLibrary) -> None:
    library.add(make_voice("Ada", 1))
    with pytest.raises(OutputError, match="named Ada is kept already"):
        library.add(make_voice("Ada", 2))
    assert same(library.get("Ada"), make_voice("Ada", 1))
    library.add(make_voice("Ada", 2), overwrite=True)
    assert same(library.get("Ada"), make_voice("Ada", 2))


@pytest.mark.parametrize("name", ["", "../x", ".x", "a/b", "a\\b", "x\0y"])
def test_names_cannot_leave_the_folder(library: VoiceLibrary, name: str) -> None:
    with pytest.raises(OptionError):
        library.add(make_voice(name))
    with pytest.raises(VoiceFileError):
        library.get(name)
    with pytest.raises(VoiceFileError):
        library.remove(name)


@pytest.mark.parametrize(
    ("name", "file"),
    [("Ada", "Ada.voice"), ("<b>a</b>".replace("/", ""), "%3Cb%3Ea%3Cb%3E.voice"),
     ("50%", "50%25.voice"), ("CON", "%43ON.voice"), ("a:b", "a%3Ab.voice"), ("声", "声.voice")],
)
def test_file_names(library: VoiceLibrary, name: str, file: str) -> None:
    assert file_name(name) == file
    library.add(make_voice(name))
    assert library.get(name).name == name
    assert library.names() == [name]


def test_long_names_in_any_script(library: VoiceLibrary) -> None:
    names = ["声" * 80, "声" * 79 + "b", "😀" * 80]
    for name in names:
        library.add(make_voice(name))
        assert len(file_name(name).encode()) < 255
        assert library.get(name).name == name
    assert sorted(library.names()) == sorted(names)


def test_a_near_name_is_suggested(library: VoiceLibrary) -> None:
    library.add(make_voice("Margaret"))
    with pytest.raises(VoiceFileError, match="Did you mean Margaret"):
        library.get("Margret")
    with pytest.raises(VoiceFileError, match="Known voices: Margaret"):
        library.get("qqq")


def test_export_and_import(library: VoiceLibrary, tmp_path: Path) -> None:
    library.add(make_voice("Ada"))
    out = tmp_path / "out.voice"
    assert library.export("Ada", out) == out
    with pytest.raises(OutputError, match="exists already"):
        library.export("Ada", out)
    library.export("Ada", out, overwrite=True)
    assert library.export("Ada", tmp_path) == tmp_path / "Ada.voice"
    other = VoiceLibrary(tmp_path / "other")
    assert same(other.import_file(out), make_voice("Ada"))
    with pytest.raises(OutputError, match="kept already"):
        other.import_file(out)
    assert other.import_file(out, "Ada II").name == "Ada II"
    assert other.names() == ["Ada", "Ada II"]
    assert other.get("Ada").consent == CONSENT


def test_bad_files_in_the_folder(library: VoiceLibrary) -> None:
    library.add(make_voice("Ada"))
    (library.folder / "bad.voice").write_bytes(b"no voice")
    (library.folder / "notes.txt").write_text("hello")
    (library.folder / ".Ada.voice.123.part").write_bytes(b"")
    (library.folder / "folder.voice").mkdir()
    voices, problems = library.scan()
    assert [voice.name for voice in voices] == ["Ada"]
    assert len(problems) == 2
    with pytest.raises(VoiceFileError, match=r"bad\.voice is not a voice file"):
        library.get("bad")


def test_a_library_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    library = VoiceLibrary(tmp_path / "file" / "voices")
    with pytest.raises(OutputError, match="cannot be written"):
        library.add(make_voice())
    assert library.names() == []


def test_of_many_at_once_exactly_one_wins(library: VoiceLibrary) -> None:
    results: list[str] = []
    start = threading.Barrier(8)

    def add(seed: int) -> None:
        start.wait()
        try:
            library.add(make_voice("Ada", seed))
            results.append("added")
        except OutputError:
            results.append("taken")

    threads = [threading.Thread(target=add, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["added"] + ["taken"] * 7
    assert [f.name for f in library.folder.iterdir()] == ["Ada.voice"]
    assert library.get("Ada").name == "Ada"
