"""Chinese RoBERTa wwm large: the published program's features, from weights made by rule."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.parity.records import Records, rule_weights
from voice.checkpoints.official_parts import load_part
from voice.errors import OptionError
from voice.models.bert import Bert
from voice.spec.bert import BertSpec
from voice.text.features import phoneme_features
from voice.values import Phonemes, SpokenPart


@pytest.mark.slow
def test_features_of_characters_and_phonemes() -> None:
    records = Records("bert_large")
    net = Bert(BertSpec()).eval().requires_grad_(False)
    weights = rule_weights("bert_large")
    # The published model ties its input table to the output's, which was filled after it.
    weights["bert.embeddings.word_embeddings.weight"] = weights["cls.predictions.decoder.weight"]
    load_part(net, weights, "bert", "bert")
    ids = records.tensor("input_ids")
    embedded = net.tokens(ids) + net.positions.weight[:20] + net.types.weight[0]
    records.check("hidden_1", net.layers[0](net.norm(embedded), None))
    hidden = net(ids)
    records.check("hidden_m3_without_cls_sep", hidden[0, 1:-1])
    counts = tuple(records.array("word2ph").tolist())
    total = sum(counts)
    part = SpokenPart("zh", "X" * len(counts), 0, total, counts)
    spoken = Phonemes("", "", ("_",) * total, np.zeros(total, np.int64), counts, parts=(part,))
    features = phoneme_features(spoken, 1024, lambda _: hidden[0, 1:-1].numpy())
    records.check("phone_level", torch.from_numpy(features).T)


def test_a_text_longer_than_the_positions_is_refused() -> None:
    net = Bert(BertSpec(vocabulary=4, positions=8, width=8, heads=2, hidden=8, layers=1))
    assert net(torch.zeros(1, 8, dtype=torch.int64)).shape == (1, 8, 8)
    with pytest.raises(OptionError, match="9 tokens"):
        net(torch.zeros(1, 9, dtype=torch.int64))
