"""How the weights of a network begin, in words."""

from __future__ import annotations

from torch import nn

MATRIX = "weights uniform within 1/sqrt(fan-in) (Kaiming, a = sqrt 5), biases likewise"
KNOWN: tuple[tuple[type[nn.Module] | tuple[type[nn.Module], ...], str], ...] = (
    ((nn.modules.conv._ConvNd,), f"convolutions: {MATRIX}"),
    ((nn.Linear,), f"linear layers: {MATRIX}"),
    ((nn.Embedding, nn.EmbeddingBag), "embeddings: normal with deviation 1"),
    ((nn.RNNBase,), "recurrent layers: uniform within 1/sqrt(width)"),
    ((nn.MultiheadAttention,), "attention: Xavier uniform, biases 0"),
    ((nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm), "norms: factor 1, shift 0"),
)


def initialisation(module: nn.Module, seed: int) -> str:
    """What the network says of itself (``initialisation``), or PyTorch's defaults for the layers it has."""
    said = getattr(module, "initialisation", None)
    if not isinstance(said, str):
        layers = list(module.modules())
        found = [words for kinds, words in KNOWN if any(isinstance(layer, kinds) for layer in layers)]
        said = "; ".join(found) if found else "as its modules define"
    return f"{said}; seed {seed}"
