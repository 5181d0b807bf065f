"""Streams: whole speech is its chunks, seeds, batches, the plan, and the sound of pieces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_model import write_tiny_model
from voice import (
    NothingToSayError,
    OptionError,
    SynthesisSettings,
    Synthesizer,
    UnknownTextError,
    Voice,
)
from voice.decode.loop import Cancelled, GeneratedTokens
from voice.synth import plan as planning
from voice.synth.draw import Drafter, row_seed
from voice.synth.plan import Piece, make_plan
from voice.synth.render import PEAK, finish, frame_levels_db

LANGUAGES = ("en", "zh", "ja")
TEXT = "Hello there, my friend. How are you today? I am very well, thank you. And you, what is new?"
QUICK = SynthesisSettings(seed=3, check=False)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Synthesizer:
    home = tmp_path_factory.mktemp("home")
    return Synthesizer.load(write_tiny_model(home / "models" / "tiny"), "cpu", home)


@pytest.fixture(scope="module")
def ada() -> Voice:
    rng = np.random.default_rng(0)
    return Voice(
        name="ada",
        model="tiny",
        timbre=rng.standard_normal(16).astype(np.float32),
        prompt_codes=rng.integers(0, 32, 30),
        prompt_phonemes=rng.integers(5, 100, 15),
    )


@pytest.mark.parametrize("settings", [QUICK, SynthesisSettings(seed=4, retries=1)])
def test_whole_speech_is_its_chunks(
    tiny: Synthesizer, ada: Voice, settings: SynthesisSettings
) -> None:
    whole = tiny.say(TEXT, ada, settings)
    chunks = list(tiny.stream(TEXT, ada, settings))
    assert len(chunks) == len(whole.pieces) > 1
    assert np.array_equal(np.concatenate([c.samples for c in chunks]), whole.samples)
    assert "".join(p.text for p in whole.pieces) == TEXT
    assert whole.samples.dtype == np.float32 and np.abs(whole.samples).max() <= 1


def test_a_seed_is_the_same_samples_and_another_is_not(tiny: Synthesizer, ada: Voice) -> None:
    one, two = (tiny.say(TEXT, ada, QUICK).samples for _ in range(2))
    assert np.array_equal(one, two)
    other = tiny.say(TEXT, ada, QUICK, seed=9).samples
    assert len(other) != len(one) or not np.array_equal(other, one)


def test_a_drawn_seed_is_told_and_makes_the_same_again(tiny: Synthesizer, ada: Voice) -> None:
    first = tiny.say("Hello there.", ada, check=False)
    again = tiny.say("Hello there.", ada, check=False, seed=first.info["seed"])
    assert np.array_equal(first.samples, again.samples)


@pytest.mark.parametrize("options", [{"temperature": 0.0, "check": False}, {"check": False}])
def test_a_batch_of_pieces_is_as_many_single_ones(
    tiny: Synthesizer, ada: Voice, options: dict[str, object]
) -> None:
    settings = SynthesisSettings(seed=5).replace(**options)
    pieces = tiny.plan(TEXT, settings).pieces
    drafter = Drafter(tiny.model, ada, settings)
    together = drafter.draw(pieces)
    for piece, drawn in zip(pieces, together, strict=True):
        assert np.array_equal(drafter.draw([piece])[0].codes, drawn.codes)


def test_the_plan_does_not_change_what_a_piece_becomes(
    tiny: Synthesizer, ada: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tiny.say(TEXT, ada, QUICK).samples
    monkeypatch.setattr(planning, "BATCH_SIZES", (1,))
    assert np.array_equal(tiny.say(TEXT, ada, QUICK).samples, one)


def test_retries_are_drawn_and_reported(tiny: Synthesizer, ada: Voice) -> None:
    speech = tiny.say("Hello there, my friend.", ada, seed=1, candidates=3, retries=2)
    for piece in speech.pieces:  # random weights never say the words
        assert (piece.checked, piece.passed, piece.draws, piece.retries) == (True, False, 9, 2)
    assert speech.info["retries"] == 2 * len(speech.pieces) and speech.info["checked"] is True


def test_the_self_check_keeps_the_candidate_that_says_the_words(
    tiny: Synthesizer, ada: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SynthesisSettings(seed=1, candidates=4, retries=1)
    drafter = Drafter(tiny.model, ada, settings)
    piece = tiny.plan("Hello there, my friend.", settings).pieces[0]
    calls: list[int] = []

    def read(model: object, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
        calls.append(len(rows))
        blank = tiny.model.tokenizer.blank
        frames = [[x for i in ids for x in (i, blank)] for ids in (
            piece.phonemes.ids if row == 2 else piece.phonemes.ids[:4] for row in range(len(rows)))]
        return [np.log(np.eye(blank + 1)[own] + 1e-6) for own in frames]

    monkeypatch.setattr("voice.synth.draw.read_scores", read)
    made = drafter._candidates([piece], 0, None)[0]
    drawn = drafter.draw([piece])[0]
    assert drawn.reading is not None and drawn.reading.errors == 0
    if drawn.reading.passed:
        assert np.array_equal(drawn.codes, made[2].codes) and drawn.draws == 4


def test_greedy_draws_once(tiny: Synthesizer, ada: Voice) -> None:
    speech = tiny.say("Hello.", ada, temperature=0.0, seed=1)
    assert [p.draws for p in speech.pieces] == [1] and speech.info["retries"] == 0


def test_without_a_prompt_it_is_another_reading(tiny: Synthesizer, ada: Voice) -> None:
    pieces = tiny.plan(TEXT, QUICK).pieces[:1]
    with_prompt = Drafter(tiny.model, ada, QUICK).draw(pieces)[0].codes
    without = Drafter(tiny.model, ada, QUICK.replace(prompt=False)).draw(pieces)[0].codes
    assert not np.array_equal(with_prompt, without)


def test_half_of_many_candidates_do_without_the_prompt(tiny: Synthesizer, ada: Voice) -> None:
    """Each is what it would be beside prompted or unprompted ones only."""
    settings = SynthesisSettings(seed=1, candidates=6, retries=0)
    pieces = tiny.plan(TEXT, settings).pieces

    def draws(**options: object) -> list[list[GeneratedTokens]]:
        drafter = Drafter(tiny.model, ada, settings.replace(**options))
        return drafter._candidates(pieces, 0, None)

    both, alone, few = draws(), draws(prompt=False), draws(candidates=3)
    for mixed, without, prompted in zip(both, alone, few, strict=True):
        seeds = [row.seed for row in without]
        assert [row.seed for row in mixed] == seeds[::2] + seeds[1::2]
        unprompted = {row.seed: row.codes for row in without}
        assert all(np.array_equal(row.codes, unprompted[row.seed]) for row in mixed[3:])
        assert not any(np.array_equal(row.codes, unprompted[row.seed]) for row in mixed[:3])
        assert np.array_equal(mixed[0].codes, prompted[0].codes)


def test_a_stream_can_be_cancelled(tiny: Synthesizer, ada: Voice) -> None:
    asked = iter([False] * 5 + [True] * 1000)
    with pytest.raises(Cancelled):
        list(tiny.stream(TEXT, ada, QUICK, cancelled=lambda: next(asked)))


def test_texts_are_refused_before_anything_is_spoken(tiny: Synthesizer, ada: Voice) -> None:
    with pytest.raises(NothingToSayError):
        tiny.stream(" ... ", ada)
    with pytest.raises(UnknownTextError, match="ส"):
        tiny.stream("Hello. " * 50 + "สวัสดี", ada)
    with pytest.raises(OptionError, match="speed"):
        tiny.stream("Hello.", ada, speed=float("nan"))
    with pytest.raises(OptionError, match="pace"):
        tiny.stream("Hello.", ada, pace=1)


def test_seeds_of_rows_differ_by_piece_and_purpose() -> None:
    seeds = {row_seed(s, p, k) for s in (0, 1) for p in range(20) for k in (0, 1, 2, "noise")}
    assert len(seeds) == 2 * 20 * 4 and all(0 <= s < 2**63 for s in seeds)


def test_batches_start_with_one_piece_and_hold_all_in_order() -> None:
    plan = make_plan("One two three. " * 60, SynthesisSettings(), LANGUAGES, "v2")
    sizes = [len(batch) for batch in plan.batches()]
    assert sizes[0] == 1 and max(sizes) == planning.BATCH_SIZES[-1]
    assert [p.index for batch in plan.batches() for p in batch] == list(range(len(plan.pieces)))


def test_pauses_are_full_after_sentences_short_after_clauses_none_at_the_end() -> None:
    plan = make_plan(
        "One two three. Four five six, seven. “Yes!” he said",
        SynthesisSettings(pause=1, split="cut5"),
        LANGUAGES,
        "v2",
    )
    pauses = {piece.text.strip(): piece.pause for piece in plan.pieces}
    assert plan.pieces[-1].pause == 0
    assert pauses["One two three."] == 1 and 0 < pauses["Four five six,"] < 1


def test_marks_alone_are_no_piece() -> None:
    plan = make_plan("Hello.\n\n...\n\n!!!\n\nBye.", SynthesisSettings(), LANGUAGES, "v2")
    assert all(any(c.isalpha() for c in piece.text) for piece in plan.pieces)


@pytest.mark.parametrize("split", ["auto", "cut0", "cut1", "cut2", "cut3", "cut4", "cut5"])
def test_every_split_speaks_all_words(split: str) -> None:
    plan = make_plan(TEXT, SynthesisSettings(split=split), LANGUAGES, "v2")
    spoken = " ".join(p.text for p in plan.pieces)
    assert [w.strip(".,?") for w in spoken.split() if w.strip(".,?")] == [
        w.strip(".,?") for w in TEXT.split()
    ]


def test_ten_thousand_characters_are_planned(tiny: Synthesizer) -> None:
    text = (TEXT + " ") * (10_000 // len(TEXT) + 1)
    plan = tiny.plan(text)
    assert "".join(p.text for p in plan.pieces) == text
    assert max(len(p.phonemes) for p in plan.pieces) < 300


@pytest.mark.slow
def test_memory_does_not_grow_with_the_text(tmp_path: Path) -> None:
    import subprocess
    import sys

    folder = write_tiny_model(tmp_path / "models" / "tiny")
    code = (
        "import sys, numpy as np\n"
        "from voice import Synthesizer, Voice\n"
        "s = Synthesizer.load(sys.argv[1], 'cpu')\n"
        "v = Voice(name='a', model='tiny', timbre=np.ones(16, 'f'))\n"
        "n = 0\n"
        "text = 'Hello there, my friend. ' * int(sys.argv[2])\n"
        "for c in s.stream(text, v, seed=1, check=False):\n"
        "    n += len(c.samples)\n"
        "from voice.evaluation.probes import peak_mebibytes\n"
        "print(round(peak_mebibytes()), n)\n"
    )
    peaks = []
    for repeats in (40, 420):
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder), str(repeats)],
            text=True,
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        peaks.append(int(done.stdout.split()[0]))
    assert peaks[1] - peaks[0] < 60, peaks


RATE = 24000


def _tone(seconds: float, level: float) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)).astype(
        np.float32
    )


def test_pieces_come_out_equally_loud_and_trimmed() -> None:
    silence = np.zeros(RATE, np.float32)
    loud, soft = (finish(np.concatenate([silence, _tone(1, x), silence]), RATE) for x in (0.5, 0.1))
    assert len(loud) == len(soft) < RATE * 1.2
    levels = [frame_levels_db(x, RATE).max() for x in (loud, soft)]
    assert abs(levels[0] - levels[1]) < 0.1
    assert abs(loud[0]) < 1e-3 and abs(loud[-1]) < 1e-3
    assert np.abs(finish(_tone(1, 1.0) ** 31, RATE)).max() <= PEAK + 1e-6


def test_silence_stays_silence() -> None:
    assert not finish(np.zeros(RATE, np.float32), RATE).any()
    assert len(finish(np.zeros(0, np.float32), RATE)) == 0


def test_a_piece_is_known_by_its_language() -> None:
    plan = make_plan(
        "今天天气很好。Hello there, my old friend.",
        SynthesisSettings(split="cut3"),
        LANGUAGES,
        "v2",
    )
    assert [p.language for p in plan.pieces if isinstance(p, Piece)][0] == "zh"
    assert set(plan.language.split("+")) == {"zh", "en"}
