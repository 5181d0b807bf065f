"""Training: labels, metrics, losses, resuming, several processes, every recipe's smoke run."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import subprocess
import sys
import tarfile
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny_model import tiny_spec
from voice.audio.mel import Spectrum
from voice.checkpoints.tensors import read_tensors
from voice.models.tokenizer import SemanticTokenizer
from voice.models.vits import Vits
from voice.spec.tokenizer import TokenizerSpec
from voice.spec.vits import VitsSpec
from voice.training.augment import MelAugmenter, mask_spans, pitch
from voice.training.corpus import UNKNOWN, align, build
from voice.training.loop import back_propagate, fallen, update
from voice.training.losses import discriminator_loss, generator_loss, kl_divergence
from voice.training.metrics import collapse, edit_distance
from voice.training.parallel import mapped
from voice.training.perceptual import Perception
from voice.training.sampler import LengthSampler

ROOT = Path(__file__).parents[2]
SPEAKERS = ("en_a", "en_b", "zh_c")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny training set in the shape of the real one: tones of known length with known labels."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for source, table in (("corpus", "corpus.jsonl"), ("speech", "train.jsonl")):
        folder = root / source
        folder.mkdir()
        rows = []
        with tarfile.open(folder / "part.tar", "w") as tar:
            for i in range(12):
                name = f"{source}-{i}.ogg"
                samples = rng.normal(0, 0.05, 600 * 80).astype(np.float32)
                soundfile.write(folder / name, samples, 24000, format="OGG", subtype="OPUS")
                tar.add(folder / name, name)
                row = {
                    "shard": "part.tar",
                    "key": name,
                    "speaker": SPEAKERS[i % 3] if source == "corpus" else f"s{i}",
                    "lang": "en",
                    "text": "hello there",
                    "seconds": 2.0,
                }
                if source == "corpus":
                    row |= {"ipa": "hello", "frames": [10, 10, 10, 10, 20, 10, 10]}
                rows.append(json.dumps(row))
        (folder / table).write_text("\n".join(rows), "utf8")
    (root / "corpus" / "heldout.txt").write_text("zh_c\n")
    return root


def recipe(module: str, *args: str | Path) -> dict[str, float]:
    """Runs a recipe in this process, as its command would; the figures it prints."""
    command = importlib.import_module(module).main
    result = CliRunner().invoke(command, [str(a) for a in args], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if line.startswith('{"')]
    return json.loads(lines[-1]) if lines else {}


def test_alignment_gives_each_frame_the_symbol_that_covers_its_middle() -> None:
    labels = align("ma↘", [4, 4, 8, 4, 4], 30, {"": 0, "m": 1, "a": 2})
    # 25 ms units: silence 0-3, m 4-7, a 8-15, tone mark 16-19 (its time is the vowel's), silence
    assert labels[0].tolist() == [0] * 5 + [1] * 5 + [2] * 15 + [0] * 5
    assert labels[1].tolist() == [0] * 10 + [3 + 1] * 15 + [0] * 5


@given(st.lists(st.integers(0, 4), max_size=12), st.lists(st.integers(0, 4), max_size=12))
def test_edit_distance_is_a_metric(a: list[int], b: list[int]) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


def test_edit_distance_of_a_known_pair() -> None:
    assert edit_distance([ord(c) for c in "kitten"], [ord(c) for c in "sitting"]) == 3


def test_collapse_merges_repeats_and_drops_silence() -> None:
    assert collapse(np.array([0, 0, 3, 3, 0, 3, 5, 5])) == [3, 3, 5]


def test_pitch_of_a_tone_that_jumps_an_octave() -> None:
    from dataclasses import replace

    from voice.audio.mel import Spectrum
    from voice.spec.spectrum import MINI_CONTENT

    at = np.arange(32000) / 16000
    hertz = np.where(at < 1.2, 120.0, 240.0)
    phase = 2 * np.pi * np.cumsum(hertz) / 16000
    wave = sum(np.sin(k * phase) / k for k in range(1, 8)) * 0.1
    settings = replace(MINI_CONTENT, bands=0, log_floor=0.0)
    octaves, voiced = pitch(
        Spectrum(settings)(torch.tensor(wave, dtype=torch.float32)[None]), MINI_CONTENT
    )
    assert voiced[0, 5:55].all()
    assert octaves[0, 10:50].abs().max() < 0.06
    assert (octaves[0, 65:95] - 1).abs().max() < 0.06


def test_augmentation_moves_formants_up_with_the_warp() -> None:
    from voice.spec.spectrum import MINI_CONTENT

    augment = MelAugmenter(MINI_CONTENT)
    magnitude = torch.zeros(1, 513, 4)
    magnitude[:, 100] = 1.0
    plain = augment(magnitude, None)[0, :, 0].argmax()
    low, high = ((augment.bands[i] @ magnitude[0])[:, 0].argmax() for i in (0, -1))
    assert low != plain != high
    assert (low - plain) * (high - plain) < 0


def test_masks_cover_about_the_share_asked_for() -> None:
    mask = mask_spans(500, 64, 0.35, 10, np.random.default_rng(0))
    assert 0.25 < mask.float().mean() < 0.35


def test_kl_of_equal_gaussians_is_zero_on_average() -> None:
    torch.manual_seed(0)
    mean, scale = torch.randn(8, 16, 200), torch.randn(8, 16, 200) * 0.1
    sample = mean + scale.exp() * torch.randn_like(mean)
    assert abs(float(kl_divergence(sample, scale, mean, scale))) < 0.2
    assert float(kl_divergence(sample + 1, scale, mean, scale)) > 5


def test_hinge_losses_know_right_from_wrong() -> None:
    sure, fooled = [torch.full((2, 3), 2.0)], [torch.full((2, 3), -2.0)]
    assert float(discriminator_loss(sure, fooled)) == 0
    assert float(discriminator_loss(fooled, sure)) == 6
    assert float(generator_loss(sure)) == 0


def test_corpus_cache_keeps_held_out_speakers_apart(data: Path, tmp_path: Path) -> None:
    corpus = build(data, tmp_path / "cache")
    assert {r.speaker for r in corpus.select(held_out=True)} == {"zh_c"}
    assert len(corpus.rows) == 24
    row = corpus.select(aligned=True)[0]
    assert len(corpus.samples(row)) == row.samples
    assert abs(float(np.sqrt(np.mean(corpus.samples(row) ** 2))) - 0.06) < 0.03
    assert np.all(corpus.labels[:, corpus.select(aligned=False)[0].frames] == 255)
    assert build(data, tmp_path / "cache").rows == corpus.rows
    sampler = LengthSampler(corpus.rows)
    assert sampler.draw(5, np.random.default_rng(3)) == sampler.draw(5, np.random.default_rng(3))


@pytest.mark.slow
def test_a_resumed_run_equals_an_unbroken_one(data: Path, tmp_path: Path) -> None:
    common = (
        "--data",
        data,
        "--cache",
        tmp_path / "cache",
        "--smoke",
        "--device",
        "cpu",
        "--threads",
        "1",
    )
    recipe("recipes.tokenizer.run", *common, "--out", tmp_path / "whole", "--steps", "4")
    recipe("recipes.tokenizer.run", *common, "--out", tmp_path / "parts", "--steps", "2")
    recipe("recipes.tokenizer.run", *common, "--out", tmp_path / "parts", "--steps", "4")
    whole, parts = (read_tensors(tmp_path / n / "state.safetensors") for n in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    different = [k for k in whole if not torch.equal(whole[k], parts[k])]
    assert not different


@pytest.mark.slow
def test_two_processes_keep_equal_weights(data: Path, tmp_path: Path) -> None:
    build(data, tmp_path / "cache", 24)
    args = (
        "--data",
        data,
        "--cache",
        tmp_path / "cache",
        "--out",
        tmp_path / "run",
        "--smoke",
        "--device",
        "cpu",
        "--threads",
        "1",
    )
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--standalone",
    ]
    done = subprocess.run(
        [*launcher, "-m", "recipes.tokenizer.run", *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads([x for x in done.stdout.splitlines() if x.startswith('{"')][-1])
    assert 0 <= figures["codebook_use"] <= 1
    assert int(read_tensors(tmp_path / "run" / "state.safetensors")["step"]) == 4


def test_every_recipe_runs_and_the_parts_make_a_model(data: Path, tmp_path: Path) -> None:
    cache, runs = tmp_path / "cache", tmp_path / "runs"
    common = ("--data", data, "--cache", cache, "--smoke", "--device", "cpu", "--threads", "1")
    label = ("--cache", cache, "--device", "cpu")
    assert recipe("recipes.tokenizer.run", *common, "--out", runs / "tokenizer").keys() >= {
        "phone_error_rate"
    }
    recipe(
        "recipes.data.label",
        *label,
        "--tokenizer",
        runs / "tokenizer",
        "--what",
        "phonemes",
        "--what",
        "codes",
    )
    recipe(
        "recipes.reader.run", *common, "--out", runs / "reader", "--tokenizer", runs / "tokenizer"
    )
    recipe("recipes.data.label", *label, "--tokenizer", runs / "reader", "--what", "alignments")
    assert recipe("recipes.text2semantic.run", *common, "--out", runs / "text2semantic")["code"] > 0
    decoder = (
        "recipes.decoder.run",
        *common,
        "--out",
        runs / "decoder",
        "--tokenizer",
        runs / "tokenizer",
    )
    assert recipe(*decoder)["mel_prior"] > 0
    assert (runs / "decoder" / "curves.png").stat().st_size > 1000
    recipe("recipes.release.run", "--runs", runs, "--out", tmp_path / "model")

    from voice.checkpoints.store import load_model

    model = load_model(tmp_path / "model", "cpu")
    again = ("recipes.decoder.run", *common, "--out", runs / "again" / "decoder")
    more = ("--tokenizer", tmp_path / "model", "--begin", tmp_path / "model", "--steps", "0")
    recipe(*again, *more)
    kept = read_tensors(runs / "again" / "decoder" / "state.safetensors")
    for key, value in model.decoder.state_dict().items():
        assert torch.equal(kept[f"model/vits/{key}"], value), key
    base = ("--base", tmp_path / "model")
    recipe("recipes.release.run", "--runs", runs / "again", *base, "--out", tmp_path / "second")
    assert load_model(tmp_path / "second", "cpu").revision == model.revision
    assert model.tokenizer.rate == 25
    assert torch.equal(model.tokenizer.codebook.weight, model.decoder.codebook.weight)
    where = ("--cache", cache, "--model", tmp_path / "model", "--out", tmp_path / "sharp")
    assert len(recipe("recipes.decoder.sharpen", *where, "--batches", "1")["after"]) == 32
    sharp = read_tensors(tmp_path / "sharp" / "decoder.safetensors")
    before = read_tensors(tmp_path / "model" / "decoder.safetensors")
    changed = {k for k, v in before.items() if not torch.equal(v, sharp[k])}
    assert changed == {"waveform.output.weight", "waveform.output.bias"}


def test_two_stages_of_a_run_are_mixed() -> None:
    release = importlib.import_module("recipes.release.run")
    new, old = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    wanted = 0.25 * new.weight.detach() + 0.75 * old.weight.detach()
    release.mixed(new, old, 0.25)
    assert torch.allclose(new.weight, wanted)
    with pytest.raises(click.UsageError, match="sizes"):
        release.mixed(new, torch.nn.Linear(4, 2), 0.5)
    for share, base in ((1.5, Path("x")), (0.5, None)):
        with pytest.raises(click.UsageError, match="mix"):
            release.parts_of(Path("x"), base, share)


def tell(item: int, offset: int) -> tuple[int, int]:
    return item + offset, os.getpid()


def test_work_is_shared_by_processes_and_stays_in_order() -> None:
    done = list(mapped(tell, list(range(100)), "numbers", 7))
    assert [value for value, _ in done] == list(range(7, 107))
    assert os.getpid() not in {process for _, process in done}
    assert list(mapped(tell, [1], "numbers", 1)) == [(2, os.getpid())]


def test_a_corpus_is_opened_anew_by_other_processes(data: Path, tmp_path: Path) -> None:
    corpus = build(data, tmp_path / "cache")
    sent = pickle.dumps(corpus)
    assert len(sent) < 1000
    row = corpus.rows[3]
    assert np.array_equal(pickle.loads(sent).samples(row), corpus.samples(row))


def listeners_and_sound() -> tuple[Perception, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    spec = tiny_spec()
    assert isinstance(spec.tokenizer, TokenizerSpec) and isinstance(spec.decoder, VitsSpec)
    vits = Vits(spec.decoder)
    mel = Spectrum(spec.decoder.timbre.spectrum)
    listeners = Perception(SemanticTokenizer(spec.tokenizer), vits, mel, 9)
    return listeners, torch.randn(2, 12000) * 0.1, torch.randint(0, 9, (2, 25))


def test_listeners_hear_words_and_voices() -> None:
    listeners, real, phones = listeners_and_sound()
    same = listeners(real, real, phones)
    assert float(same.content) < 1e-5 and float(same.voice) < 1e-5
    assert float(same.phonetic) == pytest.approx(float(same.probe.detach()), rel=1e-5)
    made = (real + 0.05 * torch.randn_like(real)).requires_grad_()
    found = listeners(made, real, phones, 2400)
    assert found.content > 1e-3 and found.voice > 1e-6
    (found.content + found.voice + found.phonetic).backward()
    assert made.grad is not None and made.grad.abs().max() > 0
    assert all(p.grad is None for p in listeners.parameters())


def test_the_probe_learns_from_real_sound_and_asks_for_the_right_phones() -> None:
    listeners, real, phones = listeners_and_sound()
    teach = torch.optim.Adam(listeners.probe.parameters(), 0.05)
    noise = 0.1 * torch.randn_like(real)
    before = listeners(real, real, phones)
    for _ in range(150):
        teach.zero_grad()
        listeners(noise, real, phones).probe.backward()
        teach.step()
    after, other = listeners(real, real, phones), listeners(noise, real, phones)
    assert float(after.probe.detach()) < 0.7 * float(before.probe.detach())
    assert float(after.phonetic) < 0.7 * float(other.phonetic)


def test_where_nobody_labelled_the_real_sound_itself_is_right() -> None:
    listeners, real, phones = listeners_and_sound()
    nobody = torch.full_like(phones, UNKNOWN)
    found = listeners(real, real, nobody)
    assert float(found.probe.detach()) == 0.0
    noise = 0.1 * torch.randn_like(real)
    assert float(found.phonetic) < float(listeners(noise, real, nobody).phonetic)


def test_learning_rates_fall() -> None:
    assert [fallen(done, 0.5) for done in (0, 0.5, 0.75, 1)] == pytest.approx([1, 1, 0.1**0.5, 0.1])
    assert fallen(1.0, 1.0) == 1.0


def test_gradients_go_to_one_side_only() -> None:
    sides = [torch.nn.Parameter(torch.ones(())) for _ in range(2)]
    optimizers = [torch.optim.SGD([p], 1.0) for p in sides]
    product = sides[0] * sides[1] * 3
    back_propagate(-product, optimizers[1], again=True)
    back_propagate(product, optimizers[0])
    assert [float(p.grad) for p in sides if p.grad is not None] == [3.0, -3.0]
    assert update(optimizers[0], clip=100.0) == 3.0
    assert [float(p.detach()) for p in sides] == [-2.0, 1.0]


def test_settings_of_a_recipe_are_checked(data: Path, tmp_path: Path) -> None:
    command = importlib.import_module("recipes.reader.run").main
    where = ("--data", data, "--cache", tmp_path, "--out", tmp_path, "--tokenizer", tmp_path)
    for change, word in (("nonsense=1", "recordings"), ("recordings", "JSON"), ("rate=x", "JSON")):
        result = CliRunner().invoke(command, [str(a) for a in (*where, "--set", change)])
        assert result.exit_code == 2 and word in result.output, result.output


@pytest.mark.slow
def test_the_whole_model_by_one_command(data: Path, tmp_path: Path) -> None:
    from voice.checkpoints.store import load_model

    command = [sys.executable, "-m", "recipes.full.run", "--smoke", "--device", "cpu"]
    where = ("--data", data, "--runs", tmp_path / "runs", "--out", tmp_path / "model")
    done = subprocess.run(
        [*command, *map(str, where)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    model = load_model(tmp_path / "model", "cpu")
    assert model.reads and model.spec.decoder.prior.reads
