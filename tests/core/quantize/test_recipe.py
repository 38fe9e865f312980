"""Recipes: reading, writing, choosing tensors, and reading the mix of an existing model."""

from __future__ import annotations

import pytest

from app.core.errors import AppError, ErrorCode
from app.core.models.gguf import read_file
from app.core.quantize.recipe import (
    Recipe,
    RecipeLine,
    lines_for,
    parse_recipe,
    read_recipe,
    recipe_of,
    recipe_text,
)
from tests.model_files import tensor, write_model

TEXT = """# Nibble recipe
name: Attention first
architecture: llama
base: q3_k_m
comment: made by hand

token_embd            Q6_K   # the table
blk.[0-3,20].ffn_down Q5_K
blk.*.attn_*          q6_k
"""


def names(*parts):
    return [f"blk.{layer}.{kind}.weight" for layer in (0, 2, 13, 20) for kind in parts]


def test_a_recipe_is_read_with_its_headers_and_lines():
    recipe = parse_recipe(TEXT)
    assert (recipe.name, recipe.architecture) == ("Attention first", "llama")
    assert (recipe.base, recipe.comment) == ("Q3_K_M", "made by hand")
    assert recipe.lines[2] == RecipeLine("blk.*.attn_*", "Q6_K")


def test_what_is_written_reads_the_same():
    recipe = parse_recipe(TEXT)
    assert parse_recipe(recipe_text(recipe)) == recipe
    assert parse_recipe(recipe_text(Recipe((), name="Nothing"))) == Recipe((), name="Nothing")


def test_numbers_stars_and_the_first_line_that_fits_decide():
    recipe = parse_recipe(TEXT)
    found = recipe.types_for(["token_embd.weight", *names("ffn_down", "attn_q", "ffn_down_exps")])
    assert found == {
        "token_embd.weight": "Q6_K",
        "blk.0.ffn_down.weight": "Q5_K",
        "blk.2.ffn_down.weight": "Q5_K",
        "blk.20.ffn_down.weight": "Q5_K",
        **{f"blk.{layer}.attn_q.weight": "Q6_K" for layer in (0, 2, 13, 20)},
    }


def test_lines_that_decide_nothing_are_named():
    recipe = parse_recipe("blk.*.attn_q Q6_K\nblk.0.attn_q Q2_K\nlm_head Q8_0\n")
    idle = recipe.idle_lines(["blk.0.attn_q.weight", "output.weight"])
    assert [line.pattern for line in idle] == ["blk.0.attn_q", "lm_head"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("blk.0.ffn_down", "a line has a pattern"),
        ("blk.0.ffn_down Q5_K Q6_K", "a line has a pattern"),
        ("blk.0.ffn_down Q9_K", "no storage type"),
        ("blk.0.ffn_down NVFP4", "no storage type"),
        ("blk.[3-1].ffn_down Q5_K", "no list of whole numbers"),
        ("blk.[0-3.ffn_down Q5_K", "no list of whole numbers"),
        ("blk.0].ffn_down Q5_K", "no list of whole numbers"),
        ("*a*b*c*d Q5_K", "stars"),
        ("base: NVFP4", "no type of build"),
        ("name: again", "stands twice"),
    ],
)
def test_a_mistake_is_named_with_its_line(line, reason):
    with pytest.raises(AppError) as caught:
        parse_recipe(f"# Nibble recipe\nname: x\n\n{line}\n", "mine.txt")
    assert caught.value.code is ErrorCode.RECIPE_INVALID
    assert (caught.value.facts["path"], caught.value.facts["line"]) == ("mine.txt", 4)
    assert reason in str(caught.value.facts["reason"])


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(AppError) as caught:
        read_recipe(tmp_path / "none.txt")
    assert caught.value.code is ErrorCode.FILE_MISSING
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    with pytest.raises(AppError) as caught:
        read_recipe(tmp_path / "picture")
    assert caught.value.code is ErrorCode.FILE_UNREADABLE


def test_the_mix_of_a_model_is_read_back(tmp_path):
    tensors = [tensor("token_embd.weight", "Q6_K", (256, 32))]
    for layer in range(6):
        kind = "Q5_K" if layer in {0, 1, 4} else "Q4_K"
        tensors += [
            tensor(f"blk.{layer}.attn_norm.weight", "F32", (256,)),
            tensor(f"blk.{layer}.attn_q.weight", "Q8_0", (256, 256)),
            tensor(f"blk.{layer}.ffn_down.weight", kind, (256, 256)),
        ]
    path = write_model(tmp_path / "mix.gguf", "Q4_K_M", tensors=tensors)
    header = read_file(path)
    recipe = recipe_of(header)
    assert (recipe.name, recipe.architecture, recipe.base) == ("Small Model", "llama", "Q4_K_M")
    assert recipe.lines == (
        RecipeLine("token_embd", "Q6_K"),
        RecipeLine("blk.*.attn_q", "Q8_0"),
        RecipeLine("blk.[0-1,4].ffn_down", "Q5_K"),
        RecipeLine("blk.[2-3,5].ffn_down", "Q4_K"),
    )
    matrices = {t.name: t.type_name for t in header.tensors if len(t.shape) > 1}
    assert parse_recipe(recipe_text(recipe)).types_for(matrices) == matrices


def test_lines_for_layers_stay_apart_from_layers_with_longer_numbers():
    types = {f"blk.{layer}.ffn_up.weight": "Q4_K" if layer > 1 else "Q6_K" for layer in range(12)}
    recipe = Recipe(lines_for(types))
    assert recipe.types_for(types) == types
    assert [line.pattern for line in recipe.lines] == ["blk.[0-1].ffn_up", "blk.[2-11].ffn_up"]
