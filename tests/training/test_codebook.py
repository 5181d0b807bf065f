"""The codebook's moving averages: from vectors of a batch, or from the rows of an earlier run."""

from __future__ import annotations

import torch

from voice.nn.quantize import Codebook
from voice.spec.tokenizer import TokenizerSpec
from voice.training.tokenizer_task import CodeCounts

SPEC = TokenizerSpec(codes=8, code_width=4)


def test_a_kept_codebook_moves_only_where_vectors_fall() -> None:
    book, counts = Codebook(8, 4), CodeCounts(SPEC, 0.9)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        book.weight.copy_(torch.randn(8, 4))
        before = book.weight.clone()
        counts.keep(book)
        counts.update(book, before[:2] + 1.0, torch.tensor([0, 1]))
    torch.testing.assert_close(book.weight[2:], before[2:])
    torch.testing.assert_close(book.weight[:2], before[:2] + 0.1)


def test_a_new_codebook_begins_at_vectors_of_the_batch() -> None:
    book, counts = Codebook(8, 4), CodeCounts(SPEC, 0.9)
    vectors = torch.arange(3.0)[:, None].expand(3, 4) * 10
    counts.begin(book, vectors)
    nearest = torch.cdist(book.weight, vectors).min(1).values
    assert float(nearest.max()) < 0.2
    assert torch.equal(counts.total, book.weight)
