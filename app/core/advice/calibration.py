"""The real speed of this computer, from short runs of models that were written for it.

One model is wide and shallow, so that a token's time is that of reading its weights; it is run in each storage type. The
other is thin and deep, so that the time goes into what every layer costs besides. With bytes W, layers L, time t::

    t = W / rate + L x layer      two runs of one type: two equations, two unknowns
    rate of each other type       = W / (t - L x layer)
    rate of attention             = its multiplications / more time, after a long prompt

Attention counts by multiplications, not by bytes of cache: a processor reads each key once for every head that shares it.

The fixed time of a model's token is its number of layers times ``layer_s``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.core.advice.published import CORE_RATES, DEVICE_EFFICIENCY

BASE_TYPE: Final = "Q8_0"  # both models are run in it
LEAST_SHARE: Final = (
    0.2  # of a token's time is left for reading weights, whatever was measured of the layers
)


@dataclass(frozen=True)
class TypeRun:
    """One run of a model written for calibrating.

    Attributes:
        type_name: storage type of its matrices.
        weight_bytes: what a token reads of them.
        weights: how many they are.
        layers: of the model.
        token_s: time of a token with next to no conversation before it.
        prompt_token_s: time of a token of a prompt.
        attention: multiplications that a long prompt adds to a token (`attention_work`), 0 if that was not run.
        deep_token_s: time of a token then.
    """

    type_name: str
    weight_bytes: float
    weights: float
    layers: int
    token_s: float
    prompt_token_s: float
    attention: float = 0.0
    deep_token_s: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """How fast one device really is (``device`` empty: the processor).

    Attributes:
        rates: bytes of weights a second by storage type.
        prompt_rates: weights times tokens of a prompt a second by storage type.
        attention_rate: multiplications of attention a second (`app.core.advice.memory.attention_work`).
        layer_s: time of a token in each layer besides.
        threads: with so many it was measured.
    """

    device: str
    rates: Mapping[str, float]
    prompt_rates: Mapping[str, float]
    attention_rate: float
    layer_s: float
    threads: int

    def rate(self, type_name: str) -> float:
        """Bytes of weights a second of a type; one that was not run is as much faster or slower as published."""
        return _known(self.rates, type_name, _published(self.device))

    def prompt_rate(self, type_name: str) -> float:
        """Weights times tokens a second of reading a prompt."""
        return _known(self.prompt_rates, type_name, {})

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "rates": dict(self.rates), "prompt_rates": dict(self.prompt_rates)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Calibration:
        """The calibration that `to_json` wrote. Raises `ValueError`."""
        try:
            rates, prompts = _rates(values["rates"]), _rates(values["prompt_rates"])
            times = (float(values["attention_rate"]), float(values["layer_s"]))
            found = cls(str(values["device"]), rates, prompts, *times, int(values["threads"]))
        except (KeyError, TypeError, AttributeError) as error:
            message = f"this is no calibration: {error!r}"
            raise ValueError(message) from error
        if not rates or not prompts or found.attention_rate <= 0 or found.layer_s < 0:
            message = "this is no calibration: a number is missing or impossible"
            raise ValueError(message)
        return found


def solve(device: str, wide: Sequence[TypeRun], thin: TypeRun, threads: int) -> Calibration | None:
    """The calibration behind some runs; None if they do not tell (a computer too busy to measure on).

    Args:
        device: what they ran on.
        wide: runs of the wide model, one a type, `BASE_TYPE` among them.
        thin: the run of the thin model in `BASE_TYPE`, with its deep part.
        threads: of all runs.
    """
    base = next((run for run in wide if run.type_name == BASE_TYPE), None)
    if base is None or thin.deep_token_s <= thin.token_s:
        return None
    share = thin.weight_bytes / base.weight_bytes
    layer_s = (thin.token_s - share * base.token_s) / (thin.layers - share * base.layers)
    layer_s = max(0.0, layer_s)
    rates = {}
    for run in wide:
        reading_s = max(LEAST_SHARE * run.token_s, run.token_s - run.layers * layer_s)
        rates[run.type_name] = run.weight_bytes / reading_s
    return Calibration(
        device=device,
        rates=rates,
        prompt_rates={run.type_name: run.weights / run.prompt_token_s for run in wide},
        attention_rate=thin.attention / (thin.deep_token_s - thin.token_s),
        layer_s=layer_s,
        threads=threads,
    )


def _known(rates: Mapping[str, float], type_name: str, published: Mapping[str, float]) -> float:
    """The rate of a type, or that of its kin scaled by what is published of both."""
    if type_name in rates:
        return rates[type_name]
    kin = [name for name in rates if _family(name) == _family(type_name)] or list(rates)
    ratios = [rates[name] / published.get(name, 1.0) for name in kin]
    middle = math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))
    usual = sum(published.get(name, 1.0) for name in kin) / len(kin)
    return middle * published.get(type_name, usual)


def _family(type_name: str) -> str:
    """Types whose unpacking is alike: with look-up tables, in super-blocks, in plain blocks, floats."""
    if type_name.startswith("IQ"):
        return "tables"
    if type_name.endswith("_K"):
        return "super-blocks"
    return "blocks" if type_name.startswith(("Q", "MX", "NV")) else "floats"


def _published(device: str) -> Mapping[str, float]:
    return DEVICE_EFFICIENCY if device else CORE_RATES


def _rates(values: Mapping[str, Any]) -> dict[str, float]:
    found = {str(name): float(value) for name, value in values.items()}
    if any(not 0 < value < math.inf for value in found.values()):
        message = "this is no calibration: a rate is impossible"
        raise ValueError(message)
    return found
