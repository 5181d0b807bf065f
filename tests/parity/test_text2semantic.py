"""The official text-to-semantic models: the published program's numbers, from weights made by rule.

``tests/data/parity/ar_*.npz`` hold the recorded inputs and outputs. The recorded second result
(``idx``) is a quirk of the published loop's bookkeeping and is not reproduced; the tokens are.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.parity.fill import fill
from voice.checkpoints.rename import keymap, rename
from voice.decode.loop import GenerateRequest, generate
from voice.decode.sampling import SamplingSettings, draw, penalised, probabilities
from voice.decode.stepper import EagerStepper, Prefix
from voice.models.text2semantic import Text2Semantic
from voice.spec.text2semantic import Text2SemanticSpec

DATA = Path(__file__).parents[1] / "data/parity"
PHONEMES = {"v1": 512, "v2": 732}
TOLERANCE = 1e-4  # largest difference over the root mean square
STEPS = 40  # the recorded runs were stopped here
PROMPT = 30

versions = pytest.mark.parametrize("version", ["v2", pytest.param("v1", marks=pytest.mark.slow)])


@cache
def recorded(version: str) -> dict[str, np.ndarray]:
    with np.load(DATA / f"ar_{version}.npz") as arrays:
        return dict(arrays)


@cache
def model(version: str) -> Text2Semantic:
    shapes = json.loads((DATA / "ar.shapes.json").read_text())
    shapes["model.ar_text_embedding.word_embeddings.weight"][0] = PHONEMES[version]
    weights = {k: torch.from_numpy(fill(k, tuple(s))) for k, s in shapes.items()}
    out = Text2Semantic(Text2SemanticSpec(phonemes=PHONEMES[version])).eval().requires_grad_(False)
    out.load_state_dict(rename(weights, keymap("text2semantic"), out.state_dict(), version))
    return out


def request(version: str, prompt: bool = True, second: bool = False) -> GenerateRequest:
    arrays = recorded(version)
    return GenerateRequest(
        arrays["batch_phoneme_ids_1"] if second else arrays["phoneme_ids"][0],
        prompt_codes=arrays["prompt"][0] if prompt else None,
        bert=(arrays["batch_bert_1"] if second else arrays["bert"][0]).T,
    )


def prefix(version: str, prompt: bool = True, second: bool = False) -> Prefix:
    made = request(version, prompt, second)
    codes = [] if made.prompt_codes is None else made.prompt_codes
    tensors = torch.as_tensor(made.phoneme_ids), torch.as_tensor(codes, dtype=torch.int64)
    return Prefix(*tensors, torch.tensor(made.bert))


def assert_close(found: Tensor, wanted: np.ndarray) -> None:
    difference = np.abs(found.numpy() - wanted).max() / np.sqrt(np.mean(wanted**2))
    assert difference < TOLERANCE


@versions
def test_prefill(version: str) -> None:
    net, arrays = model(version), recorded(version)
    ids, bert = torch.tensor(arrays["phoneme_ids"]), torch.tensor(arrays["bert"]).transpose(1, 2)
    text = net.embed_text(ids, torch.tensor([46]), bert)
    prompt = net.embed_codes(torch.tensor(arrays["prompt"]), torch.tensor([PROMPT]))
    cache = net.new_cache(1, 76)
    hidden = net.prefill(text, prompt, cache)
    embedded = torch.cat([text[0], prompt[0]], 1)
    keys, values = cache.store.transpose(3, 4).reshape(24, 2, 1, 76, 512).unbind(1)
    assert_close(net.head(hidden[:, -1]), arrays["prefill_logits_full"])
    if version == "v2":  # of v1 only the logits are kept, for their size
        assert_close(embedded, arrays["prefill_input_embed"])
        assert_close(hidden, arrays["prefill_hidden"])
        assert_close(keys[0], arrays["prefill_k_layer0"])
        assert_close(values[23], arrays["prefill_v_layer23"])


@versions
@pytest.mark.parametrize("run", ["prompt_rp135", "prompt_rp100", "noprompt_rp135"])
def test_raw_logits_along_the_recorded_tokens(version: str, run: str) -> None:
    """Teacher forcing in one pass and the cache, step by step, both give the recorded logits."""
    net, arrays = model(version), recorded(version)
    prompted = run.startswith("prompt")
    start = PROMPT if prompted else 0
    tokens = torch.tensor(arrays[f"{run}_tokens"])
    text = prefix(version, prompted)
    assert text.bert is not None
    whole = net(
        text.phoneme_ids[None], torch.tensor([46]),
        tokens[None, :-1], torch.tensor([len(tokens) - 1]), text.bert[None],
    )[0, start:]
    stepper = EagerStepper(net)
    steps = [stepper.prefill([text], [0], 12)[0]]
    steps += [stepper.step(token[None])[0] for token in tokens[start : start + 12]]
    for logits in (whole, steps):
        assert_close(logits[0][:1024], arrays[f"{run}_logits_step0"])
        assert_close(logits[12], arrays[f"{run}_logits_step12"])
    assert_close(whole[STEPS - 1], arrays[f"{run}_logits_last"])


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("run", ["prompt_rp135", "prompt_rp100", "noprompt_rp135"])
def test_greedy_tokens(version: str, run: str) -> None:
    prompted, penalty = run.startswith("prompt"), 1.35 if run.endswith("135") else 1.0
    settings = SamplingSettings(top_k=1, repetition_penalty=penalty, max_tokens=STEPS)
    row = generate(model(version), [request(version, prompted)], settings, guard=None)[0]
    wanted = recorded(version)[f"{run}_tokens"][PROMPT if prompted else 0 :]
    assert row.codes.tolist() == wanted.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_batch_of_two_texts(version: str) -> None:
    arrays = recorded(version)
    texts = [request(version), request(version, second=True)]
    settings = SamplingSettings(top_k=1, max_tokens=STEPS - 1)
    rows = generate(model(version), texts, settings, guard=None)
    for i, row in enumerate(rows):
        assert row.codes.tolist() == arrays[f"batch_tokens_{i}"][PROMPT:].tolist()
    assert rows[1].codes.tolist() == arrays["single_1_tokens"][PROMPT:-1].tolist()
    prefixes = [prefix(version), prefix(version, second=True)]
    logits = EagerStepper(model(version)).prefill(prefixes, [0, 1], 1)
    assert_close(logits[:, :1024], arrays["batch_logits_step0"])


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(("row", "run"), [("eosrow", "eos"), ("eos_early_row", "eos_early")])
def test_the_end(version: str, row: str, run: str) -> None:
    net, arrays = model(version), recorded(version)
    usual = net.head.weight[1024].clone()
    net.head.weight[1024] = torch.tensor(arrays[row])
    settings = SamplingSettings(top_k=1, max_tokens=STEPS)
    made = generate(net, [request(version)], settings, guard=None)[0]
    net.head.weight[1024] = usual
    assert made.finish == "end"
    assert made.codes.tolist() == arrays[f"{run}_tokens"][PROMPT:].tolist()


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("case", ["a", "b", "c"])
def test_sampling_probabilities(version: str, case: str) -> None:
    arrays = recorded(version)
    temperature, top_k, top_p, penalty = arrays[f"sample_args_{case}"].tolist()
    settings = SamplingSettings(int(top_k), top_p, temperature, penalty)
    logits = torch.tensor(arrays["sample_logits"])
    used = torch.zeros(1, 1025, dtype=torch.bool)
    used[0, torch.tensor(arrays["prompt"][0])] = True
    chances = probabilities(penalised(logits, used, settings, made=20), settings)
    wanted = torch.tensor(arrays[f"sample_probs_{case}"])
    assert torch.allclose(chances, wanted, atol=1e-6)
    assert torch.equal(chances > 0, wanted > 0)
    if case == "a":
        picked = draw(chances, torch.tensor(arrays["race_q"]))
        assert picked.tolist() == arrays["race_pick"].tolist()
