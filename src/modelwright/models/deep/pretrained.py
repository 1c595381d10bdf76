"""Pretrained models of ``transformers``: from a folder, or from the hub when the goal names one; how they are
tuned.

Only weights in ``safetensors`` are read, and no code that comes with a model is run. Without ``hub:`` in the
goal no network is touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.core.errors import BadInput

if TYPE_CHECKING:
    from torch import nn

HUB = "hub:"
INSTALL = "pip install 'modelwright[deep,pretrained]'"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
HEARD = (
    "wav2vec2",
    "hubert",
    "wavlm",
    "unispeech",
    "unispeech-sat",
    "data2vec-audio",
    "audio-spectrogram-transformer",
    "whisper",
)
"""Kinds of models whose hearing is a part of the graph."""
RANK = 8
"""Of LoRA's two thin matrices (Hu et al., 2022)."""


def with_slow_bodies(network: nn.Module, names: Sequence[str], config: Mapping[str, Any]) -> nn.Module:
    """The network, told to train the pretrained bodies of these columns at ``body_rate`` of the rate where
    all of them is tuned: what they know is worth more than what one batch says."""
    factor = float(config.get("body_rate", 0.1)) if config.get("tune") == "full" else 1.0
    network.rate_factors = {f"encoders.{name}.body": factor for name in names}  # type: ignore[assignment]
    return network


def kind_of(named: str) -> dict[str, Any]:
    """The ``config.json`` of a pretrained model; {} for one on the hub, of which nothing is known yet.

    Raises :class:`BadInput` for a folder that is no pretrained model, or lacks its weights.
    """
    if named.startswith(HUB):
        return {}
    folder = Path(named)
    if not folder.is_dir():
        raise BadInput(
            f"there is no folder {named} (search.pretrained)",
            code="pretrained.no-folder",
            hint="name the folder that holds config.json and model.safetensors, or hub:NAME",
        )
    try:
        told = json.loads((folder / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        raise BadInput(
            f"{folder.name} holds no config.json (search.pretrained)",
            code="pretrained.no-config",
            hint="a pretrained model of transformers is a folder with config.json and model.safetensors",
        ) from None
    except (OSError, ValueError) as error:
        raise BadInput(
            f"config.json of {folder.name} cannot be read: {error}",
            code="pretrained.config",
            hint="copy the folder of the pretrained model once more",
        ) from None
    if not any((folder / name).is_file() for name in WEIGHTS):
        other = any(folder.glob("*.bin")) or any(folder.glob("*.pt*"))
        raise BadInput(
            f"{folder.name} holds no weights: there is no model.safetensors",
            code="pretrained.no-weights",
            hint="its weights are in a pickle, which can run code: convert them to safetensors first"
            if other
            else "copy model.safetensors of the pretrained model beside its config.json",
        )
    return dict(told)


def body_of(named: str, kind: str = "AutoModel") -> nn.Module:
    """The pretrained network itself, by the auto class of that name, with plain attention (for the export).

    Raises :class:`BadInput` where it cannot be loaded, which says what to do when the hub is out of reach.
    """
    import transformers

    kind_of(named)
    local = not named.startswith(HUB)
    place = named if local else named.removeprefix(HUB)
    with quiet():
        try:
            model: nn.Module = getattr(transformers, kind).from_pretrained(
                place,
                local_files_only=local,
                use_safetensors=True,
                trust_remote_code=False,
                attn_implementation="eager",
            )
        except (OSError, ValueError, KeyError) as error:
            raise BadInput(
                f"the pretrained model {place} cannot be loaded: {str(error).splitlines()[0]}",
                code="pretrained.load",
                hint="copy the model's folder by hand and name it in search.pretrained"
                if not local
                else "the folder must hold config.json and model.safetensors of one model of transformers",
            ) from None
    return model


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no advice on the terminal."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(before)


def tuned(body: nn.Module, how: str, frozen: float = 0.0) -> nn.Module:
    """``body`` with the weights that are to be learned: ``full`` all of them, but for the embeddings and
    this share of the layers, from below, where ``frozen`` is above 0; ``head`` none (only what is put on
    top), ``lora`` two thin matrices beside each linear layer."""
    if how == "full":
        if frozen > 0.0:
            for part in (getattr(body, "embeddings", None), *_lower(body, frozen)):
                for weight in () if part is None else part.parameters():
                    weight.requires_grad_(False)
        return body
    if how == "head":
        for weight in body.parameters():
            weight.requires_grad_(False)
        return body
    if how != "lora":
        raise ValueError(f"a pretrained network is tuned full, head or lora, not {how!r}")
    import peft

    config = peft.LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear")
    for weight in body.parameters():
        weight.requires_grad_(False)
    adapted: nn.Module = peft.inject_adapter_in_model(config, body)
    return adapted


def _lower(body: nn.Module, share: float) -> list[nn.Module]:
    """The lowest of the layers, which are the longest list of modules in the body; the highest is not among
    them."""
    from torch import nn

    stacks = [list(module) for module in body.modules() if isinstance(module, nn.ModuleList)]
    layers = max(stacks, key=len, default=[])
    return layers[: max(0, min(len(layers) - 1, round(share * len(layers))))]
