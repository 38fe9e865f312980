"""Published measurements of quality and speed by storage type, with where each comes from.

KL divergences are means in nats a token against the 16-bit original. Tables:

* ``llama-3-8b``: llama.cpp, tools/perplexity/README.md, Llama-3-8B, Wikitext-2, with and without importance matrix; the
  ratios between file types of one family (Q4_K_M to Q4_K_S, ...) come from here.
* ``seven-sizes``: Thireus, GGUF-Tool-Suite, ``models/*/group0/kld_results.csv``: Qwen3.5 0.8B to 27B, all tensors one type,
  with importance matrix. The row q5_K at 9B (.0156) is an artefact of its interpolation and is left out.
* ``quantize-readme``: llama.cpp, tools/quantize/README.md, Llama-3.1-8B: bits of whole files, and speed on one GPU.
* ``nvfp4-pr``: llama.cpp pull request 20247, Qwen3-8B-NVFP4: .110.
* ``processor-rates``: measured for this project: 0.22B parameters, two cores with AVX-512, 32 tokens.
"""

from __future__ import annotations

from typing import Final, NamedTuple

SIZES_B: Final = (0.8, 2.0, 4.0, 9.0, 27.0)
# type -> KLD at SIZES_B [seven-sizes]; the q5_K value at 9B is interpolated between its neighbours
PURE_KLD: Final = {
    "Q8_0": (0.00152, 0.00128, 0.00128, 0.00111, 0.00068),
    "Q6_K": (0.00517, 0.00384, 0.00313, 0.00239, 0.00146),
    "Q5_K": (0.0201, 0.0141, 0.0120, 0.0084, 0.0052),
    "Q4_K": (0.0656, 0.0433, 0.0339, 0.0288, 0.0142),
    "IQ4_NL": (0.0731, 0.0478, 0.0363, 0.0233, 0.0151),
    "IQ4_XS": (0.0745, 0.0494, 0.0370, 0.0243, 0.0154),
    "Q4_0": (0.1109, 0.0692, 0.0489, 0.0323, 0.0207),
    "IQ3_S": (0.2566, 0.1721, 0.1202, 0.0751, 0.0493),
    "Q3_K": (0.3192, 0.2075, 0.1428, 0.0870, 0.0581),
    "IQ3_XXS": (0.5006, 0.3082, 0.2116, 0.1261, 0.0866),
    "Q2_K": (1.301, 0.783, 0.537, 0.325, 0.187),
    "IQ2_S": (1.118, 0.742, 0.518, 0.306, 0.179),
    "IQ2_XS": (1.690, 1.077, 0.681, 0.406, 0.237),
    "IQ2_XXS": (2.906, 1.963, 1.120, 0.684, 0.383),
    "IQ1_M": (5.73, 3.84, 2.57, 1.28, 0.697),
    "IQ1_S": (5.24, 3.84, 2.60, 1.88, 1.01),
}
PURE_BITS: Final = {
    "Q8_0": 8.5,
    "Q6_K": 6.5625,
    "Q5_K": 5.5,
    "Q4_K": 4.5,
    "IQ4_XS": 4.25,
    "IQ3_S": 3.4375,
    "IQ3_XXS": 3.0625,
    "IQ2_S": 2.5625,
    "IQ2_XS": 2.3125,
    "IQ2_XXS": 2.0625,
    "IQ1_M": 1.75,
    "IQ1_S": 1.5625,
}


class FileType(NamedTuple):
    """A file type: the pure type it resembles, its KLD as a multiple of that, the bits of a whole file, and the table."""

    pure: str
    factor: float
    bits: float
    source: str = "llama-3-8b"


FILE_TYPES: Final = {
    "Q8_0": FileType("Q8_0", 1.0, 8.50, "seven-sizes"),
    "Q6_K": FileType("Q6_K", 1.0, 6.56, "seven-sizes"),
    "Q5_K_L": FileType("Q5_K", 0.63, 5.85),
    "Q5_K_M": FileType("Q5_K", 0.65, 5.70),  # .010762 / .016595
    "Q5_K_S": FileType("Q5_K", 1.0, 5.57, "seven-sizes"),
    "Q5_K": FileType("Q5_K", 0.65, 5.70),
    "Q5_1": FileType("Q5_K", 1.09, 6.0),  # .018045 / .016595
    "Q5_0": FileType("Q5_K", 1.34, 5.5),  # .022239 / .016595
    "Q4_K_L": FileType("Q4_K", 0.85, 5.1),
    "Q4_K_M": FileType("Q4_K", 0.88, 4.89),  # .028152 / .031951
    "Q4_K_S": FileType("Q4_K", 1.0, 4.67, "seven-sizes"),
    "Q4_K": FileType("Q4_K", 0.88, 4.89),
    "IQ4_NL": FileType("IQ4_NL", 1.0, 4.68, "seven-sizes"),
    "IQ4_XS": FileType("IQ4_XS", 1.0, 4.46, "seven-sizes"),
    "Q4_1": FileType("Q4_0", 1.0, 5.0),  # .071683 / .071940
    "Q4_0": FileType("Q4_0", 1.0, 4.55, "seven-sizes"),
    "Q3_K_L": FileType("Q3_K", 0.67, 4.30),  # Q3_K_M x .073077 / .084358
    "Q3_K_M": FileType("Q3_K", 0.77, 4.00, "seven-sizes"),  # mixes half-way to Q4_K
    "Q3_K_S": FileType("Q3_K", 1.0, 3.64, "seven-sizes"),
    "Q3_K": FileType("Q3_K", 0.77, 4.00, "seven-sizes"),
    "IQ3_M": FileType("IQ3_S", 0.92, 3.76),  # .102534 / .111278
    "IQ3_S": FileType("IQ3_S", 1.0, 3.66, "seven-sizes"),
    "IQ3_XS": FileType("IQ3_S", 1.25, 3.50),  # .138693 / .111278
    "IQ3_XXS": FileType("IQ3_XXS", 1.0, 3.25, "seven-sizes"),
    "Q2_K_L": FileType("Q2_K", 0.95, 3.3),
    "Q2_K": FileType("Q2_K", 1.0, 3.16, "seven-sizes"),
    "Q2_K_S": FileType("Q2_K", 1.21, 2.97),  # .403360 / .332223
    "IQ2_M": FileType("IQ2_S", 0.74, 2.93),  # .325989 / .439197
    "IQ2_S": FileType("IQ2_S", 1.0, 2.74, "seven-sizes"),
    "IQ2_XS": FileType("IQ2_XS", 1.0, 2.59, "seven-sizes"),
    "IQ2_XXS": FileType("IQ2_XXS", 1.0, 2.38, "seven-sizes"),
    "IQ1_M": FileType("IQ1_M", 1.0, 2.15, "seven-sizes"),
    "IQ1_S": FileType("IQ1_S", 1.0, 2.00, "seven-sizes"),
    "MXFP4": FileType("Q4_0", 1.6, 4.4),  # converted, not native: worse than Q4_K
    "MXFP4_MOE": FileType("Q4_0", 1.6, 4.4),
    "NVFP4": FileType("Q4_K", 3.8, 4.5, "nvfp4-pr"),  # .110 at 8B against Q4_K .029
}
WIDE: Final = {"F16": 16.0, "BF16": 16.0, "F32": 32.0, "F64": 64.0}
TRAINED_ONLY: Final = {"Q1_0": 1.125, "Q2_0": 2.25, "TQ1_0": 1.69, "TQ2_0": 2.06}
DYNAMIC_FACTOR: Final = (
    0.85  # UD files of one label lie below plain ones: Llama-4-Scout .185 against .217
)
# KLD without importance matrix as a multiple of that with one [llama-3-8b]
NO_IMATRIX: Final = {
    "Q2_K": 1.34,  # .445132 / .332223
    "Q3_K": 1.21,  # Q3_K_M .101913 / .084358
    "Q4_K": 1.35,  # Q4_K_S .043136 / .031951
    "Q4_0": 1.45,
    "Q5_K": 1.15,
    "Q6_K": 1.10,
}
# Bandwidth used relative to F16 on one GPU [quantize-readme]
DEVICE_EFFICIENCY: Final = {
    "F32": 1.0,
    "F16": 1.0,
    "BF16": 1.0,
    "Q8_0": 0.93,
    "Q6_K": 0.83,
    "Q5_K": 0.82,
    "Q5_0": 0.82,
    "Q5_1": 0.82,
    "Q4_K": 0.76,
    "Q4_0": 0.77,
    "Q4_1": 0.77,
    "IQ4_NL": 0.77,
    "IQ4_XS": 0.74,
    "MXFP4": 0.74,
    "NVFP4": 0.74,
    "Q3_K": 0.61,
    "IQ3_S": 0.57,
    "IQ3_XXS": 0.52,
    "Q2_K": 0.54,
    "IQ2_S": 0.47,
    "IQ2_XS": 0.44,
    "IQ2_XXS": 0.41,
    "IQ1_M": 0.36,
    "IQ1_S": 0.34,
    "TQ1_0": 0.34,
    "TQ2_0": 0.5,
}
# Bytes of weights a second that one core gets through, 10**9 [processor-rates]
CORE_RATES: Final = {
    "F32": 8.5,
    "F16": 8.5,
    "BF16": 10.0,
    "Q8_0": 6.5,
    "Q6_K": 6.5,
    "Q5_K": 4.6,
    "Q5_0": 3.8,
    "Q5_1": 3.8,
    "Q4_K": 6.4,
    "Q4_0": 5.2,
    "Q4_1": 4.6,
    "IQ4_NL": 5.4,
    "IQ4_XS": 3.6,
    "MXFP4": 5.0,
    "NVFP4": 3.0,
    "Q3_K": 4.5,
    "IQ3_S": 2.7,
    "IQ3_XXS": 2.5,
    "Q2_K": 5.0,
    "IQ2_S": 3.0,
    "IQ2_XS": 2.8,
    "IQ2_XXS": 2.0,
    "IQ1_M": 2.1,
    "IQ1_S": 2.2,
    "TQ1_0": 4.2,
    "TQ2_0": 7.7,
    "Q1_0": 3.7,
    "Q2_0": 1.0,
}


def plain_label(label: str) -> tuple[str, bool]:
    """The file type that a label names, and whether the publisher chose types tensor by tensor (``UD-Q4_K_XL``)."""
    text = label.upper().replace("I1-", "", 1)
    dynamic = text.startswith("UD-")
    text = text.removeprefix("UD-")
    if text.endswith(("_XL", "_XXL")) and text.startswith("Q"):
        text = text.rsplit("_", 1)[0]
        text = text if text in {"Q8_0", "Q2_K", "Q6_K"} else text + "_M"
        text = text.replace("Q8_K_M", "Q8_0").replace("Q8_K", "Q8_0")
        text = text.replace("Q2_K_M", "Q2_K").replace("Q6_K_M", "Q6_K")
    if text.startswith("Q4_0_"):
        text = "Q4_0"
    if text in {"Q6_K_L", "Q6_K_M"}:
        text = "Q6_K"
    return text, dynamic


def pure_type(label: str) -> str:
    """The storage type that most weights of a file type have; the label itself for types that are their own."""
    text, _ = plain_label(label)
    known = FILE_TYPES.get(text)
    return known.pure if known else text


def file_bits(label: str) -> float:
    """Bits of a weight of a whole file of this type; 0 is unknown."""
    text, _ = plain_label(label)
    known = FILE_TYPES.get(text)
    return known.bits if known else WIDE.get(text, TRAINED_ONLY.get(text, 0.0))
