"""Allocation: against every choice there is, at the limits, and in size."""

from __future__ import annotations

import itertools
import random
import time

import pytest

from app.core.quantize.allocation import Option, allocate
from app.core.quantize.groups import band_of, groups_of

BITS = (1.56, 1.75, 2.06, 2.31, 2.56, 2.63, 3.06, 3.44, 4.25, 4.5, 5.5, 6.56, 8.5)


def drawn(seed):
    draw = random.Random(seed)
    count = draw.randint(1, 6)
    tensors = [
        [
            Option(number, draw.randint(1, 40), draw.random() * draw.choice([1, 10]))
            for number in range(draw.randint(1, 5))
        ]
        for _ in range(count)
    ]
    return tensors, draw.randint(5, 160)


def every_choice(tensors, budget):
    sums = (
        (sum(one.loss for one in choice), choice)
        for choice in itertools.product(*tensors)
        if sum(one.size_bytes for one in choice) <= budget
    )
    return min((loss for loss, _ in sums), default=None)


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_no_other_choice_is_better(start):
    for seed in range(start, start + 50):
        tensors, budget = drawn(seed)
        best, found = every_choice(tensors, budget), allocate(tensors, budget)
        if found is None:
            assert best is None
            continue
        chosen = [own[index] for own, index in zip(tensors, found.chosen, strict=True)]
        assert found.loss == pytest.approx(best, abs=1e-12)
        assert found.loss == pytest.approx(sum(one.loss for one in chosen))
        assert found.size_bytes == sum(one.size_bytes for one in chosen) <= budget


def test_a_budget_for_everything_takes_the_least_loss():
    tensors = [[Option(1, 10, 3.0), Option(2, 20, 1.0)], [Option(1, 10, 2.0), Option(2, 30, 0.0)]]
    found = allocate(tensors, 50)
    assert (found.chosen, found.size_bytes, found.loss) == ((1, 1), 50, 1.0)
    assert allocate(tensors, 20).chosen == (0, 0)
    assert allocate(tensors, 19) is None


def test_hundreds_of_matrices_are_allocated_to_the_last_per_mille_in_a_moment():
    draw = random.Random(5)
    tensors = []
    for _ in range(400):
        elements = draw.choice([131_072, 262_144, 393_216, 2_097_152])
        weight = 10 ** draw.uniform(-5, -2)
        tensors.append(
            [
                Option(number, int(elements * bits / 8), weight * 4**-bits * draw.uniform(0.9, 1.1))
                for number, bits in enumerate(BITS)
            ]
        )
    budget = 2 * sum(options[0].size_bytes for options in tensors)
    started = time.process_time()
    found = allocate(tensors, budget)
    assert time.process_time() - started < 5
    assert 0.999 * budget < found.size_bytes <= budget


def test_groups_are_roles_at_a_depth():
    names = ["token_embd.weight"]
    names += [f"blk.{layer}.{role}.weight" for layer in range(28) for role in ("attn_q", "ffn_up")]
    groups = groups_of(names, 28)
    assert sum(len(group.names) for group in groups) == len(names)
    assert groups[0].key == "token_embd.-1--1"
    queries = [group for group in groups if group.role == "attn_q"]
    assert [(one.first_layer, one.last_layer) for one in queries] == [
        (0, 0),
        (1, 7),
        (8, 13),
        (14, 20),
        (21, 26),
        (27, 27),
    ]


def test_few_layers_stand_alone():
    assert [band_of(layer, 4) for layer in range(-1, 4)] == [-1, 0, 1, 2, 3]
