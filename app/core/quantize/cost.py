"""How long quantizing takes: for progress that moves evenly, and a rough time before it starts.

Nanoseconds that one core takes for one weight, with and without importance matrix, measured for this project (Xeon with
AVX-512, 2.6 GHz class, ggml 0.25.3, 256 rows of 1,024 normally distributed numbers). Only their ratios matter for progress.
"""

from __future__ import annotations

import math
from typing import Final

_NS: Final = {
    "F32": (1.0, 1.0),
    "F16": (1.6, 1.6),
    "BF16": (0.4, 0.4),
    "Q4_0": (25.0, 1.8),
    "Q4_1": (94.0, 1.2),
    "Q5_0": (25.5, 2.8),
    "Q5_1": (95.3, 2.1),
    "Q8_0": (3.2, 3.2),
    "Q2_K": (125.2, 52.6),
    "Q3_K": (37.3, 12.3),
    "Q4_K": (98.3, 57.7),
    "Q5_K": (104.4, 53.0),
    "Q6_K": (30.0, 31.4),
    "IQ1_S": (127.8, 127.8),
    "IQ1_M": (117.0, 116.0),
    "IQ2_XXS": (282.9, 282.9),
    "IQ2_XS": (524.5, 524.5),
    "IQ2_S": (178.7, 179.0),
    "IQ3_XXS": (397.5, 418.4),
    "IQ3_S": (279.0, 286.2),
    "IQ4_NL": (178.3, 185.7),
    "IQ4_XS": (180.7, 181.8),
    "TQ1_0": (2.2, 2.2),
    "TQ2_0": (2.2, 2.2),
    "MXFP4": (4.3, 4.3),
}
COPY_NS: Final = 1.0  # reading, checking and writing a weight, whatever its type
_UNKNOWN_NS: Final = 100.0


def tensor_ns(source_type: str, type_name: str, elements: int, *, weighted: bool) -> float:
    """Time of one core for a tensor, in nanoseconds; ``weighted`` with an importance matrix."""
    made = 0.0
    if source_type != type_name:
        pair = _NS.get(type_name, (_UNKNOWN_NS, _UNKNOWN_NS))
        made = pair[0] if weighted else pair[1]
    return elements * (made + COPY_NS)


def rough_seconds(total_ns: float, cores: int) -> float:
    """Time of all cores together, to two digits at most."""
    seconds = total_ns / 1e9 / max(cores, 1)
    if seconds <= 0:
        return 0.0
    return round(seconds, 1 - math.floor(math.log10(seconds)))
