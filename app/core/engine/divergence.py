"""The numbers that say how far a build is from its reference; plain values, without numpy and without llama.cpp."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Divergence:
    """How far a build is from its reference on one text; standard errors are over positions, as llama-perplexity's.

    Attributes:
        positions: scored positions.
        log_ratio: ln(perplexity / perplexity_reference), with the error of the paired difference.
        kld_mean: mean KL divergence in nats; ``kld_p99`` and ``kld_p999`` are its 99 % and 99.9 % quantiles.
        kld_sampling_error: the part of the mean's error that comes from a condensed reference; 0 if it was whole.
        same_top_token: share of positions, 0 to 1, at which both find the same token likeliest.
        p_difference_rms: root of the mean square of the probability difference of the token that really followed.
    """

    positions: int
    perplexity: float
    perplexity_stderr: float
    perplexity_reference: float
    log_ratio: float
    log_ratio_stderr: float
    kld_mean: float
    kld_stderr: float
    kld_median: float
    kld_p99: float
    kld_p999: float
    kld_max: float
    kld_sampling_error: float
    same_top_token: float
    same_top_stderr: float
    p_difference_rms: float
