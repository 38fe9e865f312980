"""The catalog's files are complete, consistent and honest, and can be searched."""

from __future__ import annotations

import importlib.util
import json
import shutil

import jsonschema
import pytest

from app.core.errors import AppError, ErrorCode
from app.core.models.catalog import (
    Ability,
    BuildKind,
    CatalogQuery,
    LicenceKind,
    load_catalog,
)
from app.core.models.catalog_read import NO_FAMILIES
from app.core.models.llama_facts import ARCHITECTURES
from app.core.paths import catalog_dir
from tests.conftest import ROOT

FAMILIES = sorted(path for path in catalog_dir().glob("*.json") if path.name not in NO_FAMILIES)
EXACT_UNIT = 32  # tensors of a GGUF file are padded to 32 bytes


def tree(name):
    return json.loads((catalog_dir() / name).read_text(encoding="utf-8"))


def raw_builds():
    for path in FAMILIES:
        for model in tree(path.name)["models"]:
            for repo in model["repos"]:
                for build in repo["builds"]:
                    yield model, build


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.stem)
def test_a_family_keeps_to_the_schema(path):
    validator = jsonschema.Draft202012Validator(tree("schema.json"))
    errors = [
        f"{list(error.path)}: {error.message[:200]}"
        for error in validator.iter_errors(tree(path.name))
    ]
    assert errors == []


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(tree("schema.json"))


def test_small_and_large_models_of_many_makers_are_there(catalog):
    sizes = [model.parameters for model in catalog.models]
    assert len(sizes) >= 40
    assert min(sizes) < 0.15e9
    assert max(sizes) > 115e9
    assert len({model.publisher for model in catalog.models}) >= 10
    for ability in Ability:
        assert any(ability in model.abilities for model in catalog.models), ability


def test_every_model_can_be_had_and_has_a_suggestion_of_its_own(catalog):
    for model in catalog.models:
        assert model.builds_of(BuildKind.MODEL), model.id
        suggested = catalog.suggested(model)
        assert suggested is not None, model.id
        assert suggested.model_id == model.id
        assert suggested.kind is BuildKind.MODEL


def test_licences_say_what_they_allow(catalog):
    for licence in {model.licence for model in catalog.models}:
        assert licence.commercial is (licence.kind is not LicenceKind.NON_COMMERCIAL)
        assert licence.url.startswith("https://")
        assert licence.conditions.endswith(".")
    assert {licence["id"] for licence in tree("licences.json")["licences"]} == {
        model.licence.id for model in catalog.models
    }


def test_every_figure_says_where_it_comes_from_and_unknown_ones_say_nothing():
    known = set(tree("sources.json")["sources"])
    for model, build in raw_builds():
        for figures in (build, *build.get("parts", ())):
            said = figures.get("from", {})
            for name in ("bytes", "about_bytes", "sha256"):
                assert (figures.get(name) is not None) == (name in said), (model["id"], figures)
            for source in said.values():
                keys = [key.partition("@")[0] for key in source.split("+")]
                assert source in known or set(keys) <= known, source


def test_no_source_is_listed_in_vain():
    said = {
        key.partition("@")[0]
        for _, build in raw_builds()
        for figures in (build, *build.get("parts", ()), *build.get("conflicts", ()))
        for source in (
            figures["from"].values()
            if isinstance(figures.get("from"), dict)
            else [figures.get("from")]
        )
        if source
        for key in (source, *source.split("+"))
    }
    assert set(tree("sources.json")["sources"]) <= said


def test_sizes_are_bytes_of_gguf_files():
    for model, build in raw_builds():
        if build["bytes"] is not None:
            assert build["bytes"] % EXACT_UNIT == 0, (model["id"], build)
            if "about_bytes" in build:
                assert build["bytes"] == pytest.approx(build["about_bytes"], rel=0.06)


def test_sizes_fit_the_parameters(catalog):
    """No size in the wrong unit: a weight takes from one bit to a little more than 32."""
    for model in catalog.models:
        for build in model.builds_of(BuildKind.MODEL):
            if build.about_bytes:
                bits = build.about_bytes * 8 / model.parameters
                assert 1 < bits < 34, (build.id, bits)


def test_the_parts_of_a_split_build_are_all_there_and_in_order():
    for model, build in raw_builds():
        names = [part["path"] for part in build.get("parts", ())]
        if not names:
            assert "-00001-of-" not in build["path"], model["id"]
            continue
        assert build["path"] == names[0]
        stem, _, rest = names[0].rpartition("-00001-of-")
        count = int(rest.removesuffix(".gguf"))
        assert names == [f"{stem}-{n:05}-of-{count:05}.gguf" for n in range(1, count + 1)]
        exact = [part["bytes"] for part in build["parts"]]
        if None not in exact and build["bytes"] is not None:
            assert sum(exact) == build["bytes"]


def test_disagreements_are_kept_and_not_decided_in_secret():
    with_conflicts = [build for _, build in raw_builds() if "conflicts" in build]
    assert with_conflicts
    for build in with_conflicts:
        for other in build["conflicts"]:
            assert other.get("bytes", 0) != build["bytes"]
            assert other.get("sha256", "") != build["sha256"]


def test_dimensions_agree_with_themselves(catalog):
    for model in catalog.models:
        have = model.dimensions
        assert have.architecture is None or have.architecture in ARCHITECTURES, model.id
        if have.heads and have.kv_heads:
            assert have.heads % have.kv_heads == 0, model.id
        if have.experts:
            assert have.experts_used
            assert have.experts_used < have.experts
            assert model.active_parameters is not None, model.id
        if model.active_parameters:
            assert model.active_parameters < model.parameters
        if have.full_attention_layers and have.layers:
            assert have.full_attention_layers <= have.layers


def test_look_ups(catalog):
    model = catalog.model("SmolLM3-3B")
    assert model is not None
    build = catalog.build("unsloth/smollm3-3b-gguf", "smollm3-3b-q4_k_m.gguf")
    assert build is not None
    assert build.model_id == model.id
    assert build.quant == "Q4_K_M"
    assert build.sha256
    assert catalog.by_sha256(build.sha256.upper()) == (build, build.files[0])
    assert build in catalog.builds("unsloth/SmolLM3-3B-GGUF", "q4_k_m")
    assert catalog.file(build.repo, build.path) == build.files[0]
    assert catalog.build("unsloth/SmolLM3-3B-GGUF", "other.gguf") is None
    assert catalog.model("no-such-model") is None
    split = next(
        build for model in catalog.models for build in model.builds if len(build.files) > 1
    )
    assert catalog.file(split.repo, split.files[1].path) == split.files[1]
    assert split.sha256 is None


def test_search_narrows_step_by_step(catalog):
    everything = catalog.search(CatalogQuery())
    assert everything == list(catalog.models)
    assert [model.parameters for model in everything] == sorted(m.parameters for m in everything)
    qwen = catalog.search(CatalogQuery(text="QWEN vision"))
    assert qwen
    assert all("vision" in model.abilities for model in qwen)
    free = catalog.search(CatalogQuery(licences=frozenset({LicenceKind.OPEN})))
    assert {model.licence.kind for model in free} == {LicenceKind.OPEN}
    small = catalog.search(CatalogQuery(max_parameters=1_000_000_000))
    assert 0 < len(small) < len(everything)
    code = catalog.search(CatalogQuery(abilities=frozenset({Ability.CODE, Ability.TOOLS})))
    assert code
    assert all({Ability.CODE, Ability.TOOLS} <= model.abilities for model in code)
    fits = catalog.search(CatalogQuery(max_bytes=500_000_000))
    assert fits
    for model in fits:
        sizes = [build.about_bytes for build in model.builds_of(BuildKind.MODEL)]
        assert min(size for size in sizes if size) <= 500_000_000
    assert all(model.featured for model in catalog.search(CatalogQuery(featured=True)))
    assert catalog.search(CatalogQuery(text="no such words")) == []


def script():
    spec = importlib.util.spec_from_file_location("build", ROOT / "packaging/catalog/build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FACTS = {
    "id": "tiny-1b",
    "name": "Tiny 1B",
    "family": "Tiny",
    "publisher": "Maker",
    "base_model": "maker/Tiny-1B",
    "licence": "mit",
    "release_month": None,
    "params_total": 1_000_000_000,
    "params_active": None,
    "languages": ["en", "20 languages"],
    "tags": ["coding", "small", "edge"],
    "description": "A model for the test.",
    "gguf_repos": ["maker/Tiny-1B-GGUF"],
    "gguf_repo_dates": [],
    "files": [
        {
            "repo": "maker/Tiny-1B-GGUF",
            "file": "Tiny-1B-Q4_K_M.gguf",
            "quant": "Q4_K_M",
            "kind": "model",
            "size_bytes": None,
            "size_source": None,
            "size_approx_bytes": 700_000_000,
            "size_approx_source": "janhq-v1 (1 decimal of GiB or MiB)",
            "sha256": None,
            "sha256_source": None,
        }
    ],
    "architecture": {"architecture": "llama", "hidden_size": 2048},
    "note": None,
    "source": {
        "licence": "the card",
        "release_month": None,
        "params": "the card",
        "architecture": ["the card: architecture,hidden_size"],
        "languages_tags_description": "by hand",
    },
    "suggested_file": {"repo": "maker/Tiny-1B-GGUF", "file": "Tiny-1B-Q4_K_M.gguf"},
    "shortlist": False,
}


def test_the_script_fills_no_gaps_and_writes_what_the_schema_asks_for(tmp_path):
    build = script()
    model = build.model_of(FACTS)
    family = {"schema": 1, "family": "Tiny", "models": [model]}
    text = build.text_of(family)
    assert json.loads(text) == family
    jsonschema.validate(family, tree("schema.json"))
    assert model["dimensions"]["embedding"] == 2048
    assert model["dimensions"]["heads"] is None
    assert model["context"] is None
    assert model["released"] is None
    assert model["abilities"] == ["chat", "code"]
    assert (model["languages"], model["languages_note"]) == (["en"], "20 languages")
    made = model["repos"][0]["builds"][0]
    assert made["bytes"] is None
    assert made["from"] == {"about_bytes": "Jan v1"}
    assert model["provenance"]["dimensions"] == ["the card: architecture,embedding"]


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "catalog"
    folder.mkdir()
    for name in ("licences.json", "smollm3.json"):
        shutil.copy(catalog_dir() / name, folder / name)
    return folder


def failure(folder):
    with pytest.raises(AppError) as caught:
        load_catalog(folder)
    return caught.value


def test_an_empty_folder_is_no_catalog(tmp_path):
    assert failure(tmp_path).code is ErrorCode.RESOURCE_MISSING


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"parameters": 3075098624,', ""),
        ('"licence": "apache-2.0"', '"licence": "of-the-house"'),
        ('["chat", "reasoning"]', '["chat", "juggling"]'),
        ('"path": "SmolLM3-3B-Q4_K_M.gguf"', '"path": "../../SmolLM3-3B-Q4_K_M.gguf"'),
        ('"repo": "unsloth/SmolLM3-3B-GGUF"', '"repo": "/etc/passwd"'),
        ('"schema": 1', '"schema": 2'),
        ("{", ""),
    ],
)
def test_a_damaged_file_is_named(copy, old, new):
    path = copy / "smollm3.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    error = failure(copy)
    assert error.code is ErrorCode.CATALOG_INVALID
    assert error.facts["name"] == "smollm3.json"


def test_two_models_of_one_id_are_refused(copy):
    shutil.copy(copy / "smollm3.json", copy / "twin.json")
    assert failure(copy).code is ErrorCode.CATALOG_INVALID
