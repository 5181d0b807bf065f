"""Text-to-semantic transformer of GPT-SoVITS: phonemes and a prompt's codes to the codes to come.

Source: the published GPT-SoVITS (https://github.com/RVC-Boss/GPT-SoVITS, MIT), after SoundStorm and
AudioLM's decoder-only design; written anew. One sequence holds the text, then the codes. Text sees
all text; a code sees all text and the codes up to itself. The hidden state of a code predicts the
next one; that of the last phoneme predicts the first code. A model that ``reads`` is also told,
with each code, which phonemes are being said, and says how its reading head moves (``nn.reading``).

Axes: B batch, P phonemes, T codes, S = P + T positions, D width, C = codes + 1 (the last is "end"),
O outputs = C, plus one for each move of the reading head where there is one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from voice.nn import reading
from voice.nn.attention import Block
from voice.nn.cache import KeyValueCache, StaticCache
from voice.nn.dropout import dropout
from voice.nn.packed import can_pack, fast_cache_dtype, packed
from voice.nn.positions import ScaledPositions
from voice.spec.text2semantic import Text2SemanticSpec


class Text2Semantic(nn.Module):
    """The model: training pass, prefill and step.

    Args:
        spec: sizes.
    """

    def __init__(self, spec: Text2SemanticSpec) -> None:
        super().__init__()
        self.spec = spec
        width = spec.width
        self.phoneme_embedding = nn.Embedding(spec.phonemes, width)
        self.bert_projection = nn.Linear(spec.bert_width, width) if spec.bert_width else None
        self.text_positions = ScaledPositions(width, scale=0.3)
        self.code_embedding = nn.Embedding(spec.codes + 1, width)
        self.audio_positions = ScaledPositions(width, scale=0.3)
        self.layers = nn.ModuleList(
            Block(width, spec.heads, spec.hidden, spec.norm_first, spec.dropout)
            for _ in range(spec.layers)
        )
        self.norm = nn.LayerNorm(width) if spec.norm_first else nn.Identity()
        self.window = reading.ReadingWindow(width) if spec.reads else None
        outputs = spec.codes + 1 + (len(reading.MOVES) if spec.reads else 0)
        self.head = nn.Linear(width, outputs, bias=False)
        self.cache_dtype: torch.dtype | None = None  # None: as the weights
        self.apply(_initialise)
        for block in self.modules():
            if isinstance(block, Block):  # the sum of all residual branches starts at order one
                for linear in (block.attention.out, block.contract):
                    inputs = 2 * spec.layers * linear.in_features
                    nn.init.normal_(linear.weight, std=inputs**-0.5)

    def forward(
        self,
        phoneme_ids: Tensor,
        phoneme_lengths: Tensor,
        codes: Tensor,
        code_lengths: Tensor,
        bert: Tensor | None = None,
        place: Tensor | None = None,
    ) -> Tensor:
        """Teacher forcing.

        Args:
            phoneme_ids: (B, P) int64, padded on the right with anything; P >= 1.
            phoneme_lengths: (B,) int64, 1 to P.
            codes: (B, T) int64, padded on the right with anything; T may be 0.
            code_lengths: (B,) int64, 0 to T.
            bert: (B, P, bert_width), for a model with BERT; None means zeros.
            place: (B, T) int64, where the reading head stands; only for a model that reads.

        Returns:
            Logits (B, T + 1, O): position j predicts ``codes[:, j]``, position ``code_lengths``
            predicts the end; later positions are meaningless (finite). :func:`targets` fits.
        """
        text, text_order = self.embed_text(phoneme_ids, phoneme_lengths, bert)
        audio, audio_order = self.embed_codes(codes, code_lengths)
        if place is not None:
            audio = audio + reading.at(self.look(phoneme_ids, phoneme_lengths), place)
        x = dropout(torch.cat([text, audio], 1), self.spec.dropout, self.training)
        x = self._layers(x, visibility(torch.cat([text_order, audio_order], 1)))
        start = text.shape[1]
        last = (phoneme_lengths.to(x.device) - 1)[:, None, None].expand(-1, 1, x.shape[2])
        return self.head(torch.cat([x[:, :start].gather(1, last), x[:, start:]], 1))

    def embed_text(
        self, phoneme_ids: Tensor, lengths: Tensor, bert: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Embeddings (B, P, D) with positions, and their order (B, P) for :func:`visibility`."""
        valid = _valid(lengths, phoneme_ids.shape[1], phoneme_ids.device)
        x = self.phoneme_embedding(phoneme_ids.masked_fill(~valid, 0))
        if self.bert_projection is not None:
            if bert is None:
                x = x + self.bert_projection.bias
            else:
                x = x + self.bert_projection(bert.to(x.dtype))
        return self.text_positions(x), valid.long() - 1

    def embed_codes(self, codes: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings (B, T, D) with positions, and their order (B, T) for :func:`visibility`."""
        valid = _valid(lengths, codes.shape[1], codes.device)
        x = self.code_embedding(codes.masked_fill(~valid, self.spec.end))
        order = torch.arange(1, codes.shape[1] + 1, device=codes.device)
        return self.audio_positions(x), torch.where(valid, order, -1)

    def look(self, phoneme_ids: Tensor, lengths: Tensor) -> Tensor:
        """What the reading head sees at each phoneme, (B, P, D); for a model that reads."""
        assert self.window is not None
        valid = _valid(lengths, phoneme_ids.shape[1], phoneme_ids.device)
        x = self.phoneme_embedding(phoneme_ids.masked_fill(~valid, 0))
        return self.window(x * valid[..., None])

    def _layers(self, x: Tensor, mask: Tensor | None, cache: KeyValueCache | None = None) -> Tensor:
        for index, block in enumerate(self.layers):
            x = block(x, mask, cache, index)
        return self.norm(x)

    def new_cache(self, rows: int, slots: int) -> StaticCache:
        """An empty cache for ``rows`` rows of up to ``slots`` positions (text, prompt and new)."""
        spec = self.spec
        width = spec.width // spec.heads
        like = self.code_embedding.weight.new_empty(0, dtype=self.cache_dtype)
        return StaticCache(spec.layers, rows, spec.heads, slots, width, like=like)

    def quick(self, eight_bit: bool = False) -> Text2Semantic:
        """The same model made for fast decoding; the model itself if there is no faster way.

        On a CPU: weights packed in half precision, keys and values kept in bfloat16 where the
        processor computes with it. Logits differ from the model's by about half a percent of
        their spread, and by that much at most with the lengths of the other rows of a batch.

        Args:
            eight_bit: pack the weights in 8 bits; twice that difference.
        """
        weight = self.code_embedding.weight
        if weight.device.type != "cpu" or weight.dtype != torch.float32 or not can_pack():
            return self
        out = packed(self, eight_bit).eval()
        out.cache_dtype = fast_cache_dtype()
        return out

    def prefill(
        self, text: tuple[Tensor, Tensor], prompt: tuple[Tensor, Tensor], cache: StaticCache
    ) -> Tensor:
        """Reads text and prompt into an empty cache, rows padded on the left.

        Args:
            text: what :meth:`embed_text` gave.
            prompt: what :meth:`embed_codes` gave; T may be 0.
            cache: empty, B rows.

        Returns:
            Hidden states (B, S, D), S the longest row's length; the last position predicts the
            next code (:attr:`head` makes logits of it).
        """
        x, order = torch.cat([text[0], prompt[0]], 1), torch.cat([text[1], prompt[1]], 1)
        lengths = (order >= 0).sum(1)
        total = int(lengths.max())
        # A stable sort by "is it real" moves the padding of text and prompt to the front.
        index = (order >= 0).long().argsort(dim=1, stable=True)[:, -total:]
        x = x.gather(1, index[:, :, None].expand(-1, -1, x.shape[2]))
        cache.pad(lengths, total)
        cache.begin(total)
        return self._layers(x, visibility(order.gather(1, index)), cache)

    def step(
        self,
        codes: Tensor,
        position: Tensor,
        cache: KeyValueCache,
        seen: Tensor | None = None,
    ) -> Tensor:
        """One more code for every row.

        Args:
            codes: (B,) int64, the codes chosen last.
            position: (B,) int64, their places among the codes, from 0, prompt included.
            cache: holds everything before.
            seen: (B, D), what the reading head sees; only for a model that reads.

        Returns:
            Logits (B, O) of the next code.
        """
        x = self.audio_positions.at(self.code_embedding(codes), position)
        x = (x if seen is None else x + seen)[:, None]
        cache.begin(1)
        return self.head(self._layers(x, None, cache)[:, 0])


def visibility(order: Tensor) -> Tensor:
    """Who may see whom.

    Args:
        order: (B, S) int64: 0 for text, j + 1 for code j, -1 for padding.

    Returns:
        (B, 1, S, S) bool, [query, key]: True where the key is not later than the query. Padding is
        never seen, and sees the text (so that no row of the softmax is empty).
    """
    key, query = order[:, None, None, :], order[:, None, :, None].clamp(min=0)
    return (key >= 0) & (key <= query)


def targets(codes: Tensor, code_lengths: Tensor, end: int, ignore: int = -100) -> Tensor:
    """What :meth:`Text2Semantic.forward` should predict: the codes, then ``end``, then ``ignore``.

    Returns:
        (B, T + 1) int64 for ``cross_entropy(..., ignore_index=ignore)``.
    """
    place = torch.arange(codes.shape[1] + 1, device=codes.device)
    lengths = code_lengths.to(codes.device)[:, None]
    filled = torch.where(place < lengths, F.pad(codes, (0, 1)), ignore)
    return torch.where(place == lengths, end, filled)


def _valid(lengths: Tensor, size: int, device: torch.device) -> Tensor:
    return torch.arange(size, device=device) < lengths.to(device)[:, None]


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=module.in_features**-0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.3)
