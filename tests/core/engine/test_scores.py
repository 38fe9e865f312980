"""Scores: formulas against plain numpy, the condensed reference against the whole one, chunks as llama-perplexity cuts them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from app.core.engine.reference_scores import (
    SAMPLES,
    TOP,
    ReferenceScores,
    compare,
    condense,
    sample,
)
from app.core.engine.scores import (
    PositionScores,
    divergence,
    standard_error,
    summarize,
)
from app.core.engine.scoring import LEAST_TOKENS, Scorer, ScoringOptions
from app.core.errors import AppError, ErrorCode
from tests.models import write_random

VOCABULARY = 5000


@pytest.fixture(scope="module")
def logits():
    """Two models' logits at 40 positions, and what followed."""
    draw = np.random.default_rng(3)
    reference = draw.normal(0, 3, (40, VOCABULARY)).astype(np.float32)
    rows = reference + draw.normal(0, 0.4, reference.shape).astype(np.float32)
    return reference, rows, draw.integers(0, VOCABULARY, 40).astype(np.int32)


def softmax(rows):
    shifted = rows.astype(np.float64) - rows.max(1, keepdims=True)
    return np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)


def test_divergence_is_the_sum_of_the_formula(logits):
    reference, rows, targets = logits
    p, q = softmax(reference), softmax(rows)
    at = np.arange(len(targets))
    found = divergence(reference, rows, targets)
    np.testing.assert_allclose(found.kld, (p * np.log(p / q)).sum(1), rtol=1e-4)
    np.testing.assert_allclose(found.nll, -np.log(q[at, targets]), rtol=1e-5)
    np.testing.assert_allclose(found.nll_reference, -np.log(p[at, targets]), rtol=1e-5)
    np.testing.assert_allclose(found.p_difference, q[at, targets] - p[at, targets], atol=1e-7)
    assert (found.same_top == (p.argmax(1) == q.argmax(1))).all()


def test_threads_change_nothing(logits):
    reference, rows, targets = logits
    with ThreadPoolExecutor(3) as pool:
        many = divergence(reference, rows, targets, pool, 3)
        kept = condense(reference, targets, 1, pool, 3)
    alone = divergence(reference, rows, targets)
    assert (many.kld == alone.kld).all()
    assert (kept.ids == condense(reference, targets, 1).ids).all()


def test_a_condensed_reference_gives_the_same_within_its_own_error(logits):
    reference, rows, targets = logits
    whole = divergence(reference, rows, targets)
    means, errors = [], []
    for seed in range(20):
        found = compare(condense(reference, targets, seed), rows, targets)
        means.append(found.kld.mean())
        errors.append(summarize(found).kld_sampling_error)
    assert np.mean(means) == pytest.approx(whole.kld.mean(), abs=2 * np.mean(errors))
    assert max(abs(np.array(means) - whole.kld.mean())) < 4 * max(errors)
    assert 0 < np.mean(errors) < 0.1 * whole.kld.mean()
    np.testing.assert_allclose(found.nll, whole.nll, rtol=1e-5)
    assert (found.same_top == whole.same_top).all()


def test_a_model_against_itself_is_zero_everywhere(logits):
    reference, _, targets = logits
    for found in (
        divergence(reference, reference, targets),
        compare(condense(reference, targets, 1), reference, targets),
    ):
        assert not found.kld.any()
        assert not found.p_difference.any()
        assert found.same_top.all()
        assert (found.nll == found.nll_reference).all()


def test_small_vocabularies_are_kept_whole(logits):
    reference, rows, targets = (logits[0][:, :300], logits[1][:, :300], logits[2] % 300)
    found = compare(condense(reference, targets, 1), rows, targets)
    whole = divergence(reference, rows, targets)
    np.testing.assert_allclose(found.kld, whole.kld, rtol=1e-4)
    assert not found.kld_error.any()


def test_samples_come_in_proportion(logits):
    weights = np.zeros(VOCABULARY, np.float32)
    weights[[7, 600, 4999]] = (1, 2, 1)
    counts = {7: 0, 600: 0, 4999: 0}
    for offset in np.linspace(0, 0.999, 50):
        for token in sample(weights, float(offset)):
            counts[int(token)] += 1
    total = 50 * SAMPLES
    assert counts[600] == pytest.approx(total / 2, rel=0.02)
    assert counts[7] == pytest.approx(total / 4, rel=0.04)
    assert (sample(np.zeros(VOCABULARY, np.float32), 0.5) < VOCABULARY).all()


def test_reference_scores_are_kept_and_damage_is_seen(logits, tmp_path):
    reference, rows, targets = logits
    kept = condense(reference, targets, 1)
    assert kept.ids.shape == (40, TOP + SAMPLES)
    path = tmp_path / "kept.npz"
    kept.save(path)
    assert path.stat().st_size < 40 * 2700 + 4000
    loaded = ReferenceScores.load(path)
    joined = ReferenceScores.joined([loaded.part(0, 15), loaded.part(15, 25)])
    assert (compare(joined, rows, targets).kld == compare(kept, rows, targets).kld).all()
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises((ValueError, OSError)):
        ReferenceScores.load(path)


def test_summary():
    scores = PositionScores.empty(101)
    scores.kld[:] = np.linspace(0, 1, 101)
    scores.nll[:] = np.log(4)
    scores.nll_reference[:] = np.log(2)
    scores.same_top[:50] = True
    found = summarize(scores)
    assert found.perplexity == pytest.approx(4)
    assert found.log_ratio == pytest.approx(np.log(2))
    assert found.log_ratio_stderr == pytest.approx(0, abs=1e-12)
    assert (found.kld_median, found.kld_p99, found.kld_max) == pytest.approx((0.5, 0.99, 1))
    assert found.kld_stderr == pytest.approx(standard_error(scores.kld))
    assert found.same_top_token == pytest.approx(50 / 101)
    with pytest.raises(ValueError, match="no positions"):
        summarize(PositionScores.empty(0))


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    path = write_random(tmp_path_factory.mktemp("scorer") / "tiny.gguf")
    with Scorer(path, ScoringOptions(context_length=64, threads=1)) as made:
        yield made


def test_chunks_begin_with_bos_and_leave_the_rest_out(scorer):
    tokens = scorer.tokenize("abc " * 60)
    assert tokens[0] == 1
    chunks = scorer.chunks(tokens)
    assert [len(chunk) for chunk in chunks] == [64] * (len(tokens) // 64)
    assert all(chunk[0] == 1 for chunk in chunks)
    assert chunks[1][1:] == tokens[65:128]
    assert len(scorer.chunks(tokens, 2)) == 2
    short = scorer.tokenize("a short text of a few words")
    assert [len(chunk) for chunk in scorer.chunks(short)] == [len(short)]
    assert scorer.chunks(list(range(LEAST_TOKENS - 1))) == []


def test_scores_in_pieces_are_those_of_one_piece(scorer, monkeypatch):
    chunk = scorer.chunks(scorer.tokenize("some words to score, " * 10))[0]
    whole = [(rows.copy(), targets) for rows, targets in scorer.scores(chunk)]
    assert len(whole) == 1
    rows, targets = whole[0]
    assert rows.shape == (31, scorer.vocabulary_size)
    assert list(targets) == chunk[33:]
    monkeypatch.setattr(scorer, "_piece", 10)
    parts = [(rows.copy(), targets) for rows, targets in scorer.scores(chunk)]
    assert [len(part) for part, _ in parts] == [10, 10, 10, 1]
    np.testing.assert_allclose(np.concatenate([part for part, _ in parts]), rows, atol=0.02)


def test_a_broken_file_is_an_expected_error(tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(AppError) as caught:
        Scorer(path)
    assert caught.value.code is ErrorCode.LOAD_FAILED
