"""Deterministic weights by official parameter names: the rule the recorded outputs were made with.

Each array is standard normal from a generator seeded by the CRC-32 of its name, then scaled by what
the name's last part and the shape say; a few factors keep deep stacks from collapsing.
"""

from __future__ import annotations

import re
import zlib

import numpy as np

CONSTANT = ("filter", "inv_freq")
NEAR_ONE = ("weight_g", "gamma", "alpha")
FACTORS = (
    (r"self_attn\.in_proj_weight$", 2.0),
    (r"self_attn\.out_proj\.weight$", 0.1),
    (r"layers\.\d+\.linear2\.weight$", 0.2),
    (r"ar_predict_layer\.weight$", 3.0),
    (r"^ref_enc\.fc\.fc\.weight$", 0.2),
    (r"attn_layers\.\d+\.conv_[qk]\.weight$", 1.5),
    (r"attn_layers\.\d+\.conv_o\.weight$", 0.2),
    (r"ffn_layers\.\d+\.conv_2\.weight$", 0.3),
    (r"\.to_[qk]\.weight$", 2.0),
    (r"attn_norm\.linear\.weight$", 3.0),
    (r"text_blocks\.\d+\.pwconv2\.weight$", 0.3),
    (r"\.self\.(query|key)\.weight$", 2.0),
    (r"\.attention\.output\.dense\.weight$", 0.1),
    (r"layer\.\d+\.output\.dense\.weight$", 0.2),
    (r"^conv_pre\.weight_g$", 0.2),
    (r"^resblocks\.\d+\.convs2\.\d+\.weight_g$", 0.3),
    (r"^conv_post\.weight_g$", 0.15),
    (r"\.attention\.[qk]_proj\.weight$", 2.0),
    (r"\.attention\.out_proj\.weight$", 0.1),
    (r"\.feed_forward\.output_dense\.weight$", 0.3),
    (r"feature_extractor\.conv_layers\.\d+\.conv\.weight$", 1.7),
)


def fill(key: str, shape: tuple[int, ...]) -> np.ndarray | None:
    """The float32 array of one parameter; None for a constant of the architecture."""
    leaf = key.rsplit(".", 1)[-1]
    if leaf in CONSTANT:
        return None
    seed = zlib.crc32(key.encode())
    n = np.random.Generator(np.random.PCG64(seed)).standard_normal(shape, dtype=np.float32)
    value = np.asarray(_scaled(key, leaf, n.reshape(shape)), np.float32)
    for pattern, factor in FACTORS:
        if re.search(pattern, key):
            value = value * np.float32(factor)
    return value


def _scaled(key: str, leaf: str, n: np.ndarray) -> np.ndarray:
    fixed = {
        "inited": lambda: n * 0 + 1,
        "running_var": lambda: 1 + 0.25 * np.abs(n),
        "cluster_size": lambda: 1 + np.abs(n),
        "running_mean": lambda: 0.1 * n,
        "embed": lambda: n,
        "embed_avg": lambda: n,
    }
    if leaf in fixed:
        return fixed[leaf]()
    if leaf == "alpha" and n.shape != (1,):
        return 0.1 * n
    if leaf in NEAR_ONE:
        return 1 + 0.05 * n
    if "prelu" in key:
        return 0.25 + 0.05 * n
    if n.ndim >= 2 and ("embedding" in key or leaf.startswith("emb_rel")):
        return 0.5 * n
    if n.ndim <= 1 or leaf in ("beta", "bias"):
        return 1 + 0.05 * n if leaf == "weight" else 0.02 * n
    return n / np.float32(np.sqrt(np.prod(n.shape[1:])))
