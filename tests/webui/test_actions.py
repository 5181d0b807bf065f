"""What the page does, without a browser."""

from __future__ import annotations

import json
import logging
import threading
import time
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.webui.fakes import FakeSynthesizer
from voice import (
    ConsentError,
    ModelFileError,
    NothingToSayError,
    OptionError,
    OutputError,
    UnknownTextError,
    VoiceFileError,
)
from webui.actions import blend, speak, voices
from webui.actions.reference import judge_recording
from webui.actions.speak import LIBRARY, RECORDING, Request, Source, Step
from webui.components.settings_panel import SLIDERS, SPLITS, parse_seed
from webui.context import AppContext, Limits, ModelSlot, RecentVoices
from webui.jobs import Job, JobCancelledError, Jobs
from webui.messages import PageError, translate

ISLA = Source(LIBRARY, key="example:Isla")


def run(context: AppContext, request: Request, job: Job | None = None) -> list[Step]:
    return list(speak.speak(context, request, job or Job()))


def key_of(error: pytest.ExceptionInfo[PageError]) -> str:
    return error.value.key


def test_speaking_streams_chunks_and_ends_with_a_marked_file(context: AppContext) -> None:
    steps = run(context, Request("One two. Three four five.", ISLA, {"seed": 3}))
    assert [step.stage for step in steps] == ["listening", *["speaking"] * 3, "done"]
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    take = steps[-1].take
    samples, rate = soundfile.read(take.path, dtype="float32")
    chunks = np.concatenate([step.chunk.samples for step in steps if step.chunk])
    assert rate == 24000 and len(samples) == 24000
    assert np.abs(samples - chunks).max() < 1e-4, "the file is what was heard"
    assert take.info["seed"] == 3 and take.info["checked"] is True and take.info["retries"] == 0
    assert take.path.name.startswith("Isla-")
    assert b"fake" in take.path.read_bytes(), "the note names the model"


@pytest.mark.parametrize(("request_", "expected"), [
    (Request("  \n", ISLA), "error_need_text"),
    (Request("x" * 10_001, ISLA), "error_text_long"),
    (Request("Hi", Source(RECORDING, consent=True)), "error_need_recording"),
    (Request("Hi", Source(RECORDING, recording="a.wav")), "error_need_consent"),
    (Request("Hi", Source(LIBRARY)), "error_need_voice"),
    (Request("Hi", Source(LIBRARY, key="example:Nobody")), "error_need_voice"),
    (Request("Hi", Source(LIBRARY, key="kept:Nobody")), "error_voice_gone"),
    (Request("Hi", Source(LIBRARY, key="kept:../../etc/passwd")), "error_voice_gone"),
    (Request("Hi", Source(LIBRARY, key="kept:/etc/x.voice")), "error_voice_gone"),
    (Request("Hi", Source(LIBRARY, key="recent:gone")), "error_voice_forgotten"),
])
def test_what_is_missing_is_named(context: AppContext, request_: Request, expected: str) -> None:
    with pytest.raises(PageError) as error:
        run(context, request_)
    assert key_of(error) == expected


def test_errors_of_the_library_come_through(context: AppContext) -> None:
    with pytest.raises(NothingToSayError):
        run(context, Request("...!", ISLA))
    with pytest.raises(UnknownTextError, match="☃"):
        run(context, Request("A ☃.", ISLA))


def test_a_path_in_a_voice_key_opens_no_file(context: AppContext, tmp_path: Path) -> None:
    outside = tmp_path / "outside.voice"
    voices.find_voice(context, ISLA.key).save(outside)
    for key in (f"kept:{outside}", str(outside), f"example:{outside}", f"model:{outside}"):
        with pytest.raises(PageError):
            voices.find_voice(context, key)


def test_a_recording_is_listened_to_once(
    context: AppContext, fake: FakeSynthesizer, recording: Path
) -> None:
    assert judge_recording(context, str(recording), "", Job()).level == "good"
    source = Source(RECORDING, recording=str(recording), consent=True)
    run(context, Request("Hello there.", source))
    run(context, Request("Hello again.", source))
    assert fake.enrolled == ["reference_en.wav"]
    run(context, Request("Hello.", Source(RECORDING, None, str(recording), "what it says", True)))
    assert fake.enrolled == ["reference_en.wav"] * 2, "a transcript makes another voice"


def test_an_unusable_recording_gets_a_verdict(context: AppContext, tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, np.zeros(8000), 16000)
    verdict = judge_recording(context, str(short), "", Job())
    assert verdict.level == "bad" and "0.5 s" in verdict.advice[0]


def test_what_the_library_warns_of_becomes_advice(context: AppContext, recording: Path) -> None:
    noisy = context.outputs / "noisy.wav"
    noisy.parent.mkdir()
    noisy.write_bytes(recording.read_bytes())
    for _ in range(2):
        verdict = judge_recording(context, str(noisy), "", Job())
        assert verdict.level == "fair"
        assert verdict.advice == (f"{noisy} is noisy (12 dB): record it in a quieter room.",)
    assert "12 dB" in translate(verdict.advice[0], "zh-CN")
    assert translate(verdict.advice[0], "en").startswith("noisy.wav is noisy")


def test_stopping_ends_the_work_within_a_second(
    context: AppContext, fake: FakeSynthesizer
) -> None:
    job = Job()
    with fake.gate.held():
        threading.Timer(0.2, job.cancel).start()
        started = time.monotonic()
        with pytest.raises(JobCancelledError):
            run(context, Request("One. Two.", ISLA), job)
    assert time.monotonic() - started < 1.2
    assert fake.closed == 1


def test_what_others_will_say_too_is_prepared(context: AppContext, fake: FakeSynthesizer) -> None:
    for again in (False, True):
        run(context, Request("One. Two.", ISLA, {"seed": 1}, again=again), Job())
    assert fake.prepared == [("One. Two.", "Isla")], "once, before the first chunk"


def test_a_job_is_cancelled_by_its_visitor_alone() -> None:
    jobs = Jobs()
    with jobs.run("a") as mine, jobs.run("b") as other:
        assert jobs.cancel("a") is True
        assert mine.cancelled and not other.cancelled
    assert jobs.cancel("a") is False


def test_a_job_can_be_cancelled_before_its_turn() -> None:
    jobs = Jobs()
    first, second = jobs.open("a"), jobs.open("a")
    assert jobs.cancel("a") is False and first.cancelled and second.cancelled
    later = jobs.open("a")
    with jobs.run("a") as job:
        assert job is first
    with jobs.run("a") as job, pytest.raises(JobCancelledError):
        assert job is second
        job.check()
    with jobs.run("a") as job:
        assert job is later and not job.cancelled


def test_a_job_takes_the_place_of_the_one_before() -> None:
    jobs = Jobs()
    waiting = jobs.open("a"), jobs.open("a")
    with jobs.run("a") as before, jobs.run("b") as other, jobs.run("a", alone=True) as after:
        assert before is waiting[0] and before.cancelled and before.replaced
        assert waiting[1].cancelled and waiting[1].replaced and after is not waiting[1]
        assert not (after.cancelled or after.replaced or other.cancelled)
        jobs.cancel("a")
        assert after.cancelled and not after.replaced, "stopped, not replaced"


def test_visitors_wait_for_a_model_that_is_still_loading(tmp_path: Path) -> None:
    from voice import VoiceLibrary

    release = threading.Event()
    model = ModelSlot()

    def load() -> FakeSynthesizer:
        release.wait(5)
        return FakeSynthesizer()

    thread = model.start("slow", load)
    context = AppContext(model, VoiceLibrary(tmp_path / "v"), tmp_path / "o")
    steps = speak.speak(context, Request("Hello.", ISLA), Job())
    assert model.state == "loading" and next(steps).stage == "loading"
    release.set()
    assert [step.stage for step in steps][-1] == "done"
    thread.join()
    assert model.state == "ready"


def test_a_model_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    from voice import VoiceLibrary

    model = ModelSlot()

    def load() -> FakeSynthesizer:
        raise ModelFileError("nothing is called x")

    model.start("x", load).join()
    context = AppContext(model, VoiceLibrary(tmp_path / "v"), tmp_path / "o")
    assert model.state == "failed"
    with pytest.raises(ModelFileError, match="nothing is called x"):
        run(context, Request("Hello.", ISLA))
    assert [card.name for card in voices.list_voices(context)][:2] == ["Isla", "Miles"]


def test_keep_list_rename_export_import_delete_restore(
    context: AppContext, recording: Path
) -> None:
    source = Source(RECORDING, recording=str(recording), consent=True)
    token = run(context, Request("Hello.", source))[-1].take.voice_token
    with pytest.raises(PageError) as error:
        voices.keep_voice(context, token, " ", "I am the speaker.")
    assert key_of(error) == "error_need_name"
    with pytest.raises(ConsentError):
        voices.keep_voice(context, token, "Robin", "")
    card = voices.keep_voice(context, token, "Robin", "I am the speaker.")
    assert card.key == "kept:Robin" and voices.list_voices(context)[0] == card
    with pytest.raises(OutputError, match="Robin"):
        voices.keep_voice(context, token, "Robin", "I am the speaker.")
    take = run(context, Request("Hi.", Source(LIBRARY, key=card.key)))[-1].take
    assert take.voice_name == "Robin"

    with pytest.raises(PageError) as error:
        voices.change_voice(context, "Robin", " ", "")
    assert key_of(error) == "error_need_name"
    changed = voices.change_voice(context, "Robin", "Robin 2", "warm, slow，旁白, warm,")
    assert changed.name == "Robin 2" and changed.tags == ("warm", "slow", "旁白")
    assert voices.change_voice(context, "Robin 2", "Robin 2", "").tags == ()
    with pytest.raises(OptionError, match="tags"):
        voices.change_voice(context, "Robin 2", "Robin 2", "x" * 31)
    assert context.library.names() == ["Robin 2"]
    file = voices.export_voice(context, "Robin 2")
    assert file.name == "Robin-2.voice" and file.is_relative_to(context.outputs)
    undo = voices.delete_voice(context, "Robin 2")
    assert context.library.names() == []
    assert voices.restore_voice(context, undo).name == "Robin 2"
    voices.delete_voice(context, "Robin 2")
    assert voices.import_voice(context, str(file)).consent == "I am the speaker."
    rate, samples = voices.preview(context, "kept:Robin 2")
    assert rate == 24000 and samples.dtype == np.int16 and len(samples) == 9600
    preview = voices.preview_file(context, "kept:Robin 2")
    assert preview is not None and preview == voices.preview_file(context, "kept:Robin 2")
    with wave.open(str(preview)) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (24000, 9600)
    assert voices.preview_file(context, "example:Isla").suffix == ".opus"
    broken = context.outputs / "x.voice"
    broken.write_bytes(b"\x80\x04pickle")
    with pytest.raises(VoiceFileError):
        voices.import_voice(context, str(broken))


def test_a_blend_speaks_and_is_kept_with_the_consent_of_its_parents(context: AppContext) -> None:
    parents = [("example:Isla", 75.0), ("example:Ken", 25.0), (None, 50.0), ("example:Lan", 0.0)]
    token = blend.blend_voices(context, parents, 1, Job())
    source = Source(LIBRARY, key=f"recent:{token}")
    take = run(context, Request("Hello.", source))[-1].take
    card = voices.keep_voice(context, take.voice_token, "Both")
    assert card.parents == (("Isla", 0.75), ("Ken", 0.25))
    assert "belongs to nobody" in card.consent


@pytest.mark.parametrize(("parents", "prosody", "expected"), [
    ([("example:Isla", 1.0)], None, "error_need_two"),
    ([("example:Isla", 1.0), ("example:Ken", 0.0)], None, "error_need_two"),
    ([("example:Isla", 1.0), ("example:Isla", 1.0)], None, "error_same_voice"),
    ([("example:Isla", 1.0), ("example:Ken", 1.0), (None, 1.0)], 2, "error_prosody"),
])
def test_blends_that_are_none(
    context: AppContext, parents: list[tuple[str | None, float]], prosody: int | None, expected: str
) -> None:
    with pytest.raises(PageError) as error:
        blend.blend_voices(context, parents, prosody, Job())
    assert key_of(error) == expected


def test_every_action_leaves_one_structured_line_without_texts(
    context: AppContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "webui")
    run(context, Request("A secret sentence.", ISLA))
    with pytest.raises(NothingToSayError):
        run(context, Request("...", ISLA))
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    assert [(line["action"], line["status"]) for line in lines] == [
        ("speak", "done"), ("speak", "refused"),
    ]
    assert lines[0]["characters"] == 18 and lines[0]["seconds"] == 0.6
    assert lines[1]["error"] == "nothing_to_say"
    assert "secret" not in caplog.text
    caplog.clear()
    speak.refused(PageError("error_need_text"))
    (record,) = caplog.records
    assert json.loads(record.getMessage())["status"] == "refused", "what never became work"


def test_recent_voices_are_few_and_the_oldest_goes(context: AppContext) -> None:
    recent = RecentVoices(size=2)
    voice = voices.find_voice(context, ISLA.key)
    first, second = recent.add(voice), recent.add(voice)
    assert recent.get(first) is voice
    third = recent.add(voice)
    assert recent.get(second) is None and recent.get(third) is voice


def test_limits_follow_the_context(context: AppContext) -> None:
    context.limits = Limits(text=5)
    with pytest.raises(PageError, match="6 characters"):
        run(context, Request("abcdef", ISLA))


def test_seed_as_typed() -> None:
    assert parse_seed("") is None and parse_seed(None) is None and parse_seed(" 12 ") == 12
    from voice import OptionError

    with pytest.raises(OptionError, match="twelve"):
        parse_seed("twelve")


def test_the_panel_offers_only_what_the_library_takes() -> None:
    from voice.synth.settings import RANGES
    from voice.synth.settings import SPLITS as ALL_SPLITS

    assert SPLITS == ALL_SPLITS
    for name, (low, high, step) in SLIDERS.items():
        assert RANGES[name].low <= low < high <= RANGES[name].high, name
        assert step > 0


def test_every_language_on_the_page_is_one_the_library_takes_and_has_a_name() -> None:
    from voice import SynthesisSettings
    from webui.components.voice_choices import language_choices

    for locale in ("en", "zh-CN"):
        codes = [code for _, code in language_choices(locale)]
        assert codes == ["auto", "en", "zh", "ja", "ko", "yue"]
        for label, code in language_choices(locale):
            assert label != code
            assert SynthesisSettings(language=code).language == code
