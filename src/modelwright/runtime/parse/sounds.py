"""Sound files in memory: which format it is, whether it is whole, and its samples within bounds.

A header is believed in nothing that costs memory: samples are read in blocks until the file or the bound
ends. Decoding is done by soundfile (libsndfile), imported at the first file.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadInput

FORMATS = {"wav": ("wav", "wave"), "flac": ("flac",), "ogg": ("ogg", "oga", "opus"), "mp3": ("mp3",)}
"""Formats that are read, with the extensions that go with them."""
MOST_CHANNELS = 64
RATES = (1_000, 768_000)
"""Samples a second between which a rate is believed."""
BLOCK = 4096
"""Samples read at once: of a damaged file, what lies before the block with the damage is kept."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples float64 [n] in [-1, 1], channels averaged; the facts of the file beside them."""

    samples: npt.NDArray[np.float64]
    rate: int
    channels: int
    seconds: float
    """Of the whole file as far as it can be known without reading it to the end."""
    truncated: bool


def format_of(head: bytes) -> str:
    """``wav``, ``flac``, ``ogg``, ``mp3``; another format that is not read; ``""`` for anything else."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    if head[:3] == b"ID3" or _mp3_frame(head):
        return "mp3"
    if head[4:8] == b"ftyp":
        return "m4a"
    if head[:4] == b"FORM" and head[8:11] == b"AIF":
        return "aiff"
    if head[:4] == b".snd":
        return "au"
    if head[:4] == b"\x30\x26\xb2\x75":
        return "wma"
    return ""


def _mp3_frame(head: bytes) -> bool:
    """Whether a header of MPEG audio, layer 3, stands here (ISO 11172-3, 2.4.1.3)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    return version != 1 and layer == 1 and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3


def decode(data: bytes, most: float) -> Sound | str:
    """The first ``most`` seconds of a file, or why there is nothing to hear, for a person.

    Raises :class:`BadInput` where soundfile is not installed.
    """
    if not data:
        return "the file is empty"
    form = format_of(data[:16])
    if not form:
        return "this is not a sound file"
    if form not in FORMATS:
        return f"this is {form}, which is not read (WAV, FLAC, OGG and MP3 are)"
    soundfile = _soundfile()
    try:
        file = soundfile.SoundFile(BytesIO(data))
    except (soundfile.SoundFileError, RuntimeError, ValueError):
        # What libsndfile says of such a file is about itself ("unimplemented format"), and misleads.
        return f"the {form} file is damaged or cut off: it cannot be opened"
    with file:
        rate, channels = int(file.samplerate), int(file.channels)
        if not RATES[0] <= rate <= RATES[1]:
            return f"the file claims {rate} samples a second"
        if not 1 <= channels <= MOST_CHANNELS:
            return f"the file claims {channels} channels"
        claimed = int(file.frames)
        blocks, count, broken, limit = [], 0, False, max(1, int(most * rate))
        while count < limit:
            try:
                block = file.read(min(BLOCK, limit - count), dtype="float32", always_2d=True)
            except (soundfile.SoundFileError, RuntimeError, ValueError):
                broken = True
                break
            if not len(block):
                break
            blocks.append(block.mean(axis=1, dtype=np.float64))
            count += len(block)
    if not count:
        return "the file is damaged before its first samples" if broken else "the file has no samples"
    samples = np.nan_to_num(np.concatenate(blocks), nan=0.0, posinf=1.0, neginf=-1.0)
    cut = count >= limit
    short = broken or (not cut and 0 < count < claimed and form != "mp3") or shortened(data, form)
    seconds = max(claimed if cut and claimed < 1 << 60 else 0, count) / rate
    return Sound(samples, rate, channels, seconds, short)


def shortened(data: bytes, form: str) -> bool:
    """Whether the file says of itself that it is longer than it is."""
    if form == "wav":
        return _short_wav(data)
    if form == "ogg":
        last = data.rfind(b"OggS")
        if last < 0 or last + 27 > len(data):
            return True
        segments = data[last + 26]
        sizes = data[last + 27 : last + 27 + segments]
        # RFC 3533: the last page carries the flag 4, and its body is as long as its table says.
        whole = last + 27 + segments + sum(sizes) <= len(data)
        return not (len(sizes) == segments and whole and data[last + 5] & 4)
    if form == "mp3":
        place = max(data[:8192].find(b"Xing"), data[:8192].find(b"Info"))
        if place < 0 or place + 16 > len(data):
            return False
        flags = int.from_bytes(data[place + 4 : place + 8], "big")
        at = place + 8 + (4 if flags & 1 else 0)
        if not flags & 2 or at + 4 > len(data):
            return False
        return int.from_bytes(data[at : at + 4], "big") > len(data)
    return False


def _short_wav(data: bytes) -> bool:
    if data[:4] == b"RF64":
        return False
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"data":
            # Whoever writes into a pipe does not know the size: it says none, or the largest.
            return size < 0x7FFFF000 and at + 8 + size > len(data)
        at += 8 + size + size % 2
    return True


def _soundfile() -> Any:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise BadInput(
            "sound files are read with the package soundfile, which is not installed here",
            code="audio.soundfile",
            hint="pip install soundfile",
        ) from error
    return soundfile
