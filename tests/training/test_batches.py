"""What a step is given and how a run goes: pieces of recordings, rates by time, other runs.

The pieces come from a memory-mapped file on a CPU and from one tensor on a GPU; both must give the
same samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from voice.checkpoints.tensors import write_tensors
from voice.models.content import ContentEncoder, DilatedBlock
from voice.nn.quantize import Codebook
from voice.spec.tokenizer import ContentSpec, TokenizerSpec
from voice.training.decoder_batch import dull
from voice.training.loop import RunSettings, train, used_up
from voice.training.sampler import Sound
from voice.training.tokenizer_task import CodeCounts, masked_mean
from voice.training.weights import begin_with_run

RATE = 24000


def sounds() -> tuple[Sound, Sound]:
    """The same samples as a CPU and as a GPU keeps them."""
    audio = np.random.default_rng(0).integers(-32768, 32767, 5000, dtype=np.int16)
    corpus: Any = SimpleNamespace(audio=audio)
    plain, held = Sound(corpus, "cpu"), Sound(corpus, "cpu")
    held.held = torch.from_numpy(audio)
    return plain, held


def test_pieces_are_the_same_on_both_kinds_of_device() -> None:
    for sound in sounds():
        found = sound.cut([10, 4000], [300, 1000], 1000)
        assert found.dtype == torch.float32 and found.shape == (2, 1000)
        wanted = sound.audio[10:310].astype(np.float32) / 32768
        assert np.array_equal(found[0, :300].numpy(), wanted)
        assert not found[0, 300:].any() and found[1, 999] == sound.audio[4999] / 32768


def test_random_pieces_stay_inside_and_short_recordings_are_repeated() -> None:
    rows: Any = [SimpleNamespace(start=0, samples=700), SimpleNamespace(start=700, samples=4300)]
    drawn = [s.some(rows, 1600, np.random.default_rng(3)) for s in sounds()]
    assert torch.equal(*drawn)
    short, long = drawn[0]
    assert torch.equal(short[:700], short[700:1400]) and torch.equal(short[:200], short[1400:])
    whole = sounds()[0].audio.astype(np.float32) / 32768
    places = np.flatnonzero(whole == float(long[0]))
    assert any(np.array_equal(whole[p : p + 1600], long.numpy()) for p in places if p >= 700)


def test_dulled_references_lose_what_is_high_and_keep_what_is_low() -> None:
    at = torch.arange(RATE, dtype=torch.float64) / RATE
    low, high = torch.sin(2 * torch.pi * 1000 * at), torch.sin(2 * torch.pi * 11000 * at)
    low, both = low.float(), (low + high).float().repeat(40, 1)
    found = dull(both, 0.5, np.random.default_rng(0))
    changed = (found - both).abs().amax(1) > 0.1
    assert 10 < int(changed.sum()) < 30
    assert torch.allclose(found[changed], low.expand(int(changed.sum()), -1), atol=1e-3)
    assert torch.allclose(found[~changed], both[~changed], atol=1e-4)
    assert torch.allclose(dull(both, 0.0, np.random.default_rng(0)), both, atol=1e-4)


def test_a_run_is_used_up_by_its_minutes_or_its_steps() -> None:
    settings = RunSettings(Path("x"), minutes=10, steps=100)
    assert used_up(settings, 2, 50) == 0.5 and used_up(settings, 8, 50) == 0.8
    assert used_up(settings, 20, 500) == 1.0
    assert used_up(RunSettings(Path("x")), 20, 500) == 0.0


@dataclass
class Notes:
    """A task that only writes down what it is told."""

    models: dict[str, nn.Module]
    averaged: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    done: float = 0.0
    seen: tuple[float, ...] = ()

    def batch(self, rng: np.random.Generator) -> int:
        return int(rng.integers(9))

    def step(self, batch: int, step: int) -> dict[str, float | torch.Tensor]:
        self.seen = (*self.seen, self.done)
        return {"number": torch.tensor(float(step), requires_grad=True)}

    def gate(self) -> dict[str, float]:
        return {}


def test_tasks_know_how_much_of_a_run_is_over_also_when_it_goes_on(tmp_path: Path) -> None:
    task, settings = Notes({}, {}, {}), RunSettings(tmp_path, steps=4, log_steps=2)
    train(task, settings)
    assert task.seen == (0.0, 0.25, 0.5, 0.75)
    logged = (tmp_path / "log.jsonl").read_text("utf8").splitlines()
    assert '"number": 0.5' in logged[0] and '"number": 2.5' in logged[1]
    more = Notes({}, {}, {})
    train(more, RunSettings(tmp_path, steps=8))
    assert more.seen == (0.5, 0.625, 0.75, 0.875)


def test_a_run_that_logged_nothing_ends_without_curves(tmp_path: Path) -> None:
    train(Notes({}, {}, {}), RunSettings(tmp_path, steps=1))
    assert not (tmp_path / "curves.png").exists()


def test_another_run_lends_what_fits(tmp_path: Path) -> None:
    old = nn.Linear(3, 2)
    tensors = {f"model/net/{k}": v for k, v in old.state_dict().items()}
    tensors |= {"model/probe/weight": torch.ones(2, 5), "model/probe/bias": torch.ones(2)}
    write_tensors(tmp_path / "state.safetensors", tensors | {"step": torch.tensor(9)})
    models = {"net": nn.Linear(3, 2), "probe": nn.Linear(4, 2), "new": nn.Linear(1, 1)}
    before = models["probe"].weight.detach().clone()
    averages: dict[str, nn.Module] = {"net": nn.Linear(3, 2)}
    assert begin_with_run(dict(models), averages, tmp_path) == ["probe", "new"]
    for net in (models["net"], averages["net"]):
        assert all(torch.equal(v, old.state_dict()[k]) for k, v in net.state_dict().items())
    assert torch.equal(models["probe"].weight, before)


@pytest.mark.parametrize("dilation", [1, 4])
def test_taps_are_the_convolution(dilation: int) -> None:
    torch.manual_seed(0)
    block, x = DilatedBlock(6, dilation), torch.randn(2, 20, 6)
    wanted = block.conv(x.transpose(1, 2)).transpose(1, 2)
    assert torch.allclose(block._taps(x), wanted, atol=1e-5)


def test_an_encoder_with_dropout_is_the_same_without_training() -> None:
    torch.manual_seed(0)
    encoder = ContentEncoder(ContentSpec(width=8, dilations=(1, 2), dropout=0.5))
    bands = encoder.front[0].in_channels
    mel, lengths = torch.randn(1, int(bands), 30), torch.tensor([30])
    noisy = [encoder.train()(mel, lengths) for _ in range(2)]
    still = [encoder.eval()(mel, lengths) for _ in range(2)]
    assert not torch.equal(*noisy) and torch.equal(*still)


def test_vectors_behind_a_recording_move_no_code() -> None:
    counts, book = CodeCounts(TokenizerSpec(codes=4, code_width=2), 0.5), Codebook(4, 2)
    book.weight.copy_(torch.tensor([[0.0, 0], [1, 0], [0, 1], [1, 1]]))
    counts.keep(book)
    vectors, codes = torch.tensor([[2.0, 0], [9, 9]]), torch.tensor([1, 2])
    counts.update(book, vectors, codes, torch.tensor([True, False]))
    assert book.weight[1].tolist() == [1.5, 0.0]
    assert book.weight[2].tolist() == [0.0, 1.0] and float(counts.size[2]) == 0.5


def test_a_dead_code_begins_again_at_a_vector_that_counts() -> None:
    counts, book = CodeCounts(TokenizerSpec(codes=4, code_width=2), 0.0), Codebook(4, 2)
    counts.keep(book)
    vectors, codes = torch.tensor([[2.0, 3], [9, 9]]), torch.tensor([0, 0])
    counts.update(book, vectors, codes, torch.tensor([True, False]))
    assert torch.allclose(book.weight, torch.tensor([2.0, 3.0]).expand(4, 2))


def test_a_mean_over_no_place_is_nought() -> None:
    x = torch.tensor([[1.0, 3.0]])
    assert masked_mean(x, torch.tensor([[False, True]])) == 3
    assert masked_mean(x, torch.zeros(1, 2, dtype=torch.bool)) == 0
