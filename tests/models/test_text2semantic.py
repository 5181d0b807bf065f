"""The text-to-semantic model: training pass, cache and step agree; padding is without effect."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.decode.tiny import CODES, tiny
from voice.checkpoints.rename import keymap, rename
from voice.errors import ModelFileError
from voice.models.text2semantic import Text2Semantic, targets
from voice.nn.dropout import dropout
from voice.spec.text2semantic import Text2SemanticSpec

PHONEMES = torch.tensor([[1, 2, 3, 4, 5, 6, 7], [9, 8, 7, 0, 0, 0, 0], [3, 3, 1, 2, 0, 0, 0]])
PHONEME_LENGTHS = torch.tensor([7, 3, 4])
GARBAGE = 10_000


def batch() -> tuple[Tensor, Tensor]:
    codes = torch.randint(0, CODES, (3, 12), generator=torch.Generator().manual_seed(1))
    return codes, torch.tensor([12, 5, 0])


@pytest.mark.parametrize("norm_first", [True, False])
def test_the_training_pass_equals_cached_decoding(norm_first: bool) -> None:
    model = tiny(norm_first)
    codes, lengths = batch()
    whole = model(PHONEMES, PHONEME_LENGTHS, codes, lengths)
    assert whole.shape == (3, 13, CODES + 1)
    for row, (phonemes, made) in enumerate(zip(PHONEME_LENGTHS, lengths, strict=True)):
        for prompt in {0, int(made) // 2, int(made)}:
            cache = model.new_cache(1, int(phonemes + made))
            text = model.embed_text(PHONEMES[row : row + 1], phonemes[None])
            audio = model.embed_codes(codes[row : row + 1, :prompt], torch.tensor([prompt]))
            logits = [model.head(model.prefill(text, audio, cache)[:, -1])]
            for j in range(prompt, int(made)):
                logits.append(model.step(codes[row : row + 1, j], torch.tensor([j]), cache))
            assert torch.allclose(torch.cat(logits), whole[row, prompt : made + 1], atol=2e-5)


def test_padding_is_without_effect_whatever_it_holds() -> None:
    model = tiny()
    codes, lengths = batch()
    whole = model(PHONEMES, PHONEME_LENGTHS, codes, lengths)
    spoiled, text = codes.clone(), PHONEMES.clone()
    for row in range(3):
        spoiled[row, lengths[row] :] = GARBAGE
        text[row, PHONEME_LENGTHS[row] :] = -GARBAGE
    again = model(text, PHONEME_LENGTHS, spoiled, lengths)
    for row, (phonemes, made) in enumerate(zip(PHONEME_LENGTHS, lengths, strict=True)):
        valid = slice(0, int(made) + 1)
        alone = model(
            PHONEMES[row : row + 1, :phonemes], phonemes[None],
            codes[row : row + 1, :made], made[None],
        )
        assert torch.allclose(again[row, valid], whole[row, valid], atol=1e-5)
        assert torch.allclose(alone[0], whole[row, valid], atol=1e-5)
    assert torch.isfinite(again).all()


def test_a_code_sees_no_later_code() -> None:
    model = tiny()
    codes, _ = batch()
    lengths = torch.full((3,), 12)
    before = model(PHONEMES, PHONEME_LENGTHS, codes, lengths)
    codes[:, 6] = (codes[:, 6] + 1) % CODES
    after = model(PHONEMES, PHONEME_LENGTHS, codes, lengths)
    assert torch.allclose(before[:, :7], after[:, :7], atol=1e-6)
    assert (before[:, 7] - after[:, 7]).abs().amax(1).min() > 1e-3


def test_unwritten_slots_are_never_attended() -> None:
    model = tiny()
    codes, _ = batch()
    results = []
    for poison in (0.0, 1e4, float("nan")):
        cache = model.new_cache(3, 40)
        cache.store.fill_(poison)
        text = model.embed_text(PHONEMES, PHONEME_LENGTHS)
        prompt = model.embed_codes(codes[:, :4], torch.tensor([4, 2, 0]))
        position = torch.tensor([4, 2, 0])
        made = [model.head(model.prefill(text, prompt, cache)[:, -1])]
        for j in range(4, 7):
            made.append(model.step(codes[:, j], position, cache))
            position = position + 1
            if j == 5:
                cache.keep(torch.tensor([0, 1, 2]))
                cache.store[:, :, :, :, cache.length :] = poison
        results.append(torch.stack(made))
    assert torch.isfinite(results[0]).all()
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


def test_a_full_cache_says_so() -> None:
    model = tiny()
    cache = model.new_cache(1, 7)
    text = model.embed_text(PHONEMES[:1], PHONEME_LENGTHS[:1])
    model.prefill(text, model.embed_codes(torch.zeros(1, 0).long(), torch.tensor([0])), cache)
    with pytest.raises(IndexError, match="7 slots"):
        model.step(torch.tensor([1]), torch.tensor([0]), cache)


def test_targets_are_codes_then_end_then_ignored() -> None:
    codes = torch.tensor([[5, 6, 7], [8, -1, GARBAGE], [0, 0, 0]])
    wanted = targets(codes, torch.tensor([3, 1, 0]), end=CODES)
    assert wanted.tolist() == [
        [5, 6, 7, CODES], [8, CODES, -100, -100], [CODES, -100, -100, -100]
    ]


def test_training_learns_texts_apart_and_their_ends() -> None:
    torch.manual_seed(0)
    model = tiny().train().requires_grad_(True)
    codes, lengths = batch()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    wanted = targets(codes, lengths, CODES)
    for _ in range(120):
        logits = model(PHONEMES, PHONEME_LENGTHS, codes, lengths)
        loss = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=-100)
        optimizer.zero_grad()
        loss.backward()
        assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())
        optimizer.step()
    assert loss.item() < 0.05
    right = (logits.argmax(2) == wanted) | (wanted < 0)
    assert right.all()


def test_bert_features_matter_and_absent_ones_are_zeros() -> None:
    model = tiny(norm_first=False, bert_width=8)
    codes, lengths = batch()
    bert = torch.randn(3, 7, 8, generator=torch.Generator().manual_seed(2))
    with_bert = model(PHONEMES, PHONEME_LENGTHS, codes, lengths, bert)
    without = model(PHONEMES, PHONEME_LENGTHS, codes, lengths)
    zeros = model(PHONEMES, PHONEME_LENGTHS, codes, lengths, torch.zeros(3, 7, 8))
    assert torch.allclose(without, zeros, atol=1e-6)
    assert (with_bert - without).abs().max() > 0.01


def test_dropout_keeps_the_mean_and_the_rate() -> None:
    torch.manual_seed(0)
    x = torch.ones(37, 1001)
    y = dropout(x, 0.1, True)
    assert (y == 0).float().mean().item() == pytest.approx(0.1, abs=0.01)
    assert y.mean().item() == pytest.approx(1.0, abs=0.01)
    assert dropout(x, 0.1, False) is x
    assert dropout(x.bfloat16(), 0.1, True).dtype == torch.bfloat16


@pytest.mark.parametrize(
    "sizes", [{"heads": 7}, {"layers": 0}, {"bert_width": -1}, {"dropout": 1.0}]
)
def test_impossible_sizes_are_refused(sizes: dict) -> None:
    with pytest.raises(ModelFileError, match="text2semantic spec"):
        Text2SemanticSpec(**sizes)


def official(model: Text2Semantic) -> dict[str, int]:
    """The model's parameters by their official names."""
    back = {ours: theirs for theirs, ours in keymap("text2semantic").items() if ours}
    out = {}
    for place, name in enumerate(model.state_dict()):
        number = name.split(".")[1] if name.startswith("layers.") else ""
        template = name.replace(f".{number}.", ".{n}.", 1) if number else name
        out[back[template].replace("{n}", number)] = place
    return out


def test_official_names_lead_to_every_parameter() -> None:
    model = tiny(norm_first=False, bert_width=8)
    names = list(model.state_dict())
    renamed = rename(official(model), keymap("text2semantic"), names, "file")
    assert renamed == {name: place for place, name in enumerate(names)}


def test_missing_and_surplus_weights_are_named() -> None:
    model = tiny(norm_first=False, bert_width=8)
    weights = official(model)
    rules, names = keymap("text2semantic"), model.state_dict()
    with pytest.raises(ModelFileError, match="no place for model.extra.weight"):
        rename({**weights, "model.extra.weight": 0}, rules, names, "file")
    with pytest.raises(ModelFileError, match=r"no place for model\.h\.layers\.2\.norm1\.bias"):
        rename({**weights, "model.h.layers.2.norm1.bias": 0}, rules, names, "file")
    del weights["model.ar_text_position.alpha"]
    with pytest.raises(ModelFileError, match="missing for text_positions.scale"):
        rename(weights, rules, names, "file")
