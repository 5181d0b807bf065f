"""Sizes of a text-to-semantic model: one dataclass for the official files and the embedded one."""

from __future__ import annotations

from dataclasses import dataclass

from voice.errors import ModelFileError


@dataclass(frozen=True)
class Text2SemanticSpec:
    """Configuration of :class:`voice.models.text2semantic.Text2Semantic`.

    The defaults are what all official GPT-SoVITS files of v2 and later share.

    Attributes:
        layers: transformer layers.
        width: model width.
        heads: attention heads; must divide ``width``.
        hidden: width of the feed-forward layers.
        phonemes: rows of the phoneme table.
        codes: semantic codes; the id ``codes`` itself is the end-of-sequence token.
        bert_width: width of BERT features added to the phonemes; 0 for a model without.
        norm_first: normalise before each sub-layer (and once at the end) instead of after it.
        dropout: rate during training.
        reads: whether the model follows the text with a reading head (not in official files).
        temperature, repetition_penalty: how its tokens are drawn where the caller has no wish;
            GPT-SoVITS' own where nothing is said.
    """

    layers: int = 24
    width: int = 512
    heads: int = 16
    hidden: int = 2048
    phonemes: int = 732
    codes: int = 1024
    bert_width: int = 1024
    norm_first: bool = False
    dropout: float = 0.0
    reads: bool = False
    temperature: float = 1.0
    repetition_penalty: float = 1.35

    def __post_init__(self) -> None:
        sizes = ("layers", "width", "heads", "hidden", "phonemes", "codes")
        if bad := [name for name in sizes if getattr(self, name) < 1]:
            raise ModelFileError(f"text2semantic spec: {', '.join(bad)} must be at least 1")
        if self.width % (2 * self.heads):
            raise ModelFileError(
                f"text2semantic spec: width {self.width} does not split into {self.heads} heads"
            )
        if self.bert_width < 0 or not 0 <= self.dropout < 1:
            raise ModelFileError("text2semantic spec: bert_width < 0 or dropout outside [0, 1)")

    @property
    def end(self) -> int:
        """Id of the end-of-sequence token."""
        return self.codes
