"""Writes models_catalog/*.json from a file of collected facts: one JSON per model family.

    python packaging/catalog/build.py FACTS.json

The facts file is an array of models with their builds, each figure with its source (see models_catalog/README.md). The
script renames and groups, never fills a gap: an unknown size, hash or dimension stays null. What a person decided while
reviewing the facts stands in the tables below. licences.json, sources.json and schema.json are written by hand.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

Facts = dict[str, Any]
CATALOG = Path(__file__).resolve().parents[2] / "models_catalog"

# Name in general.architecture of the GGUF files, by the name in the model's own configuration. From llama.cpp's
# conversion/*.py. None: not certain, because old and new conversions of this model differ or nothing was published.
GGUF_ARCHITECTURES = {
    "cohere2": "cohere2",
    "gemma3": "gemma3",
    "gemma3_text": "gemma3",
    "gemma4": "gemma4",
    "glm4_moe_lite": "deepseek2",
    "gpt_oss": "gpt-oss",
    "granite": "granite",
    "granitemoehybrid": "granitehybrid",
    "lfm2": "lfm2",
    "lfm2_moe": "lfm2moe",
    "llama": "llama",
    "mistral3": "mistral3",
    "nemotron_h": "nemotron_h",
    "nomic_bert": "nomic-bert",
    "olmo3": "olmo2",
    "phi3": "phi3",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "qwen3_5": "qwen35",
    "qwen3_5_moe": "qwen35moe",
    "qwen3_moe": "qwen3moe",
    "qwen3_next": "qwen3next",
    "smollm3": "smollm3",
}
GGUF_ARCHITECTURE_OF_MODEL = {
    "embeddinggemma-300m": "gemma-embedding",
    "mistral-small-3.2-24b": None,  # llama in conversions before November 2025, mistral3 since
    "nemotron-3-nano-30b-a3b": "nemotron_h_moe",
    "nemotron-3.5-lightning-30b-a3b": "nemotron_h_moe",
}

# Published counts that hold the embedding twice although input and output share it (vocabulary x width taken off once).
COUNTED_TWICE = {"qwen3-0.6b": 151936 * 1024, "translategemma-4b-it": 262208 * 2560}
TWICE_NOTE = "; less one tied embedding that was counted twice"

ABILITIES = {
    "chat": "chat",
    "coding": "code",
    "reasoning": "reasoning",
    "vision": "vision",
    "audio": "audio",
    "tools": "tools",
    "translation": "translation",
    "embedding": "embedding",
}
ABILITY_ORDER = tuple(ABILITIES.values())
ONLY_TRANSLATE = {"hy-mt2-1.8b", "translategemma-4b-it"}
SIZE_TAGS = {"tiny", "small", "large"}  # said better by the parameter count

# The facts name the dimensions like Hugging Face configurations; the catalog names them like GGUF keys.
RENAMED = {
    "hidden_size": "embedding",
    "attention_heads": "heads",
    "head_dim": "key_length,value_length",
    "vocab_size": "vocabulary",
    "expert_ffn_size": "expert_feed_forward",
    "ffn_size": "feed_forward",
    "active_experts": "experts_used",
    "native_context": "context",
    "kv_cache_note": "note",
}
SHORT_SOURCES = (
    ("janhq-v1 (1 decimal of GiB or MiB)", "Jan v1"),
    ("janhq-v2 (1 decimal of GiB or MiB)", "Jan v2"),
    ("LLM-Hub (rounded)", "LLM-Hub rounded"),
    ("unsloth-test-fixture", "unsloth fixture"),
)
KINDS = {"model": "model", "mmproj": "projector", "mtp-draft": "draft"}
DIMENSIONS = {
    "layers": "layers",
    "embedding": "hidden_size",
    "heads": "attention_heads",
    "kv_heads": "kv_heads",
    "key_length": "head_dim",
    "value_length": "head_dim",
    "feed_forward": "ffn_size",
    "experts": "experts",
    "experts_used": "active_experts",
    "expert_feed_forward": "expert_ffn_size",
    "vocabulary": "vocab_size",
    "sliding_window": "sliding_window",
    "full_attention_layers": "full_attention_layers",
    "tied_embeddings": "tied_embeddings",
}


def short_source(source: str | None) -> str | None:
    """The source's key in sources.json."""
    for long, short in SHORT_SOURCES:
        if source:
            source = source.replace(long, short)
    return source


def abilities_of(facts: Facts) -> list[str]:
    """What the model does. Everything that is no embedding or pure translation model can chat."""
    found = {ABILITIES[tag] for tag in facts["tags"] if tag in ABILITIES}
    if "embedding" not in found and facts["id"] not in ONLY_TRANSLATE:
        found.add("chat")
    return [ability for ability in ABILITY_ORDER if ability in found]


def dimensions_of(facts: Facts) -> Facts:
    """The dimensions for the memory formula, named like the GGUF keys; unknown ones are null."""
    known = facts["architecture"]
    result: Facts = {"architecture": GGUF_ARCHITECTURES.get(known["architecture"])}
    if facts["id"] in GGUF_ARCHITECTURE_OF_MODEL:
        result["architecture"] = GGUF_ARCHITECTURE_OF_MODEL[facts["id"]]
    result.update({name: known.get(key) for name, key in DIMENSIONS.items()})
    result["note"] = known.get("kv_cache_note")
    return result


def parameters_of(facts: Facts) -> int:
    """All weights, each counted once."""
    return int(facts["params_total"]) - COUNTED_TWICE.get(facts["id"], 0)


def provenance_of(facts: Facts) -> Facts:
    """Where each group of facts comes from."""
    source = facts["source"]
    twice = TWICE_NOTE if facts["id"] in COUNTED_TWICE else ""
    return {
        "licence": source["licence"],
        "released": source["release_month"],
        "parameters": source["params"] + twice,
        "dimensions": [_renamed(text) for text in source["architecture"]],
        "text": source["languages_tags_description"],
    }


def _renamed(text: str) -> str:
    pattern = r"\b(" + "|".join(RENAMED) + r")\b"
    return re.sub(pattern, lambda match: RENAMED[match[1]], text)


def figures_of(part: Facts) -> Facts:
    """Bytes and hash of one file and who said so."""
    origin = {
        "bytes": short_source(part.get("size_source")),
        "about_bytes": short_source(part.get("size_approx_source")),
        "sha256": short_source(part.get("sha256_source")),
    }
    figures: Facts = {"bytes": part.get("size_bytes")}
    if part.get("size_approx_bytes") is not None:
        figures["about_bytes"] = part["size_approx_bytes"]
    figures["sha256"] = part.get("sha256")
    said = {name: who for name, who in origin.items() if who}
    return {**figures, **({"from": said} if said else {})}


def build_of(facts: Facts) -> Facts:
    """One build: a file, or the parts of a split one (the path is the first part's)."""
    build: Facts = {"quant": facts["quant"]}
    if facts["kind"] != "model":
        build["kind"] = KINDS[facts["kind"]]
    build["path"] = facts["file"]
    build.update(figures_of(facts))
    revisions = {"bytes": facts.get("size_revision"), "sha256": facts.get("sha256_revision")}
    if any(revisions.values()):
        build["revision"] = {name: value for name, value in revisions.items() if value}
    if facts.get("size_and_hash_from_one_source"):
        build["one_upload"] = True
    others = [
        {"bytes": other.get("size_bytes"), "from": short_source(other["source"])}
        for other in facts.get("size_conflict", ())
    ] + [
        {"sha256": other["sha256"], "from": short_source(other["source"])}
        for other in facts.get("sha256_candidates", ())
        if other["sha256"] != facts["sha256"]
    ]
    if others:
        build["conflicts"] = others
    if facts.get("parts"):
        build["parts"] = [
            {"path": part["file"], **figures_of(part)}
            for part in sorted(facts["parts"], key=lambda part: str(part["file"]))
        ]
    return build


def repos_of(facts: Facts) -> list[Facts]:
    """The builds by repository, in the order in which the facts name the repositories."""
    builds: dict[str, list[Facts]] = defaultdict(list)
    for file in facts["files"]:
        builds[file["repo"]].append(build_of(file))
    created = {item["repo"]: item["gguf_repo_created"] for item in facts["gguf_repo_dates"]}
    names = [*facts["gguf_repos"], *(name for name in builds if name not in facts["gguf_repos"])]
    return [
        {"repo": name, "created": created.get(name), "builds": builds[name]}
        for name in names
        if name in builds
    ]


def model_of(facts: Facts) -> Facts:
    """One model of the catalog."""
    suggested = facts["suggested_file"]
    codes = [code for code in facts["languages"] if re.fullmatch("[a-z]{2}", code)]
    phrases = [phrase for phrase in facts["languages"] if phrase not in codes]
    return {
        "id": facts["id"],
        "name": facts["name"],
        "publisher": facts["publisher"],
        "base": facts["base_model"],
        "description": facts["description"],
        "licence": facts["licence"],
        "released": facts["release_month"],
        "parameters": parameters_of(facts),
        "active_parameters": facts["params_active"],
        "context": facts["architecture"].get("native_context"),
        "languages": codes,
        "languages_note": ", ".join(phrases) or None,
        "abilities": abilities_of(facts),
        "tags": [tag for tag in facts["tags"] if tag not in ABILITIES and tag not in SIZE_TAGS],
        "dimensions": dimensions_of(facts),
        "featured": facts["shortlist"],
        "suggested": f"{suggested['repo']}/{suggested['file']}",
        "note": facts["note"],
        "provenance": provenance_of(facts),
        "repos": repos_of(facts),
    }


def text_of(value: Any, indent: int = 0) -> str:  # noqa: ANN401 - any JSON value
    """JSON that people can read and compare: what fits into a line of 150 characters stands on one."""
    line = json.dumps(value, ensure_ascii=False)
    room = 150 - indent
    atomic = not isinstance(value, (dict, list)) or not value
    if atomic or (len(line) <= room and '"repos"' not in line) or _is_build(value):
        return line
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        items = [
            f"{inner}{json.dumps(key)}: {text_of(item, indent + 1)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    return (
        "[\n"
        + ",\n".join(inner + text_of(item, indent + 1) for item in value)
        + "\n"
        + " " * indent
        + "]"
    )


def _is_build(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, dict) and "path" in value and "parts" not in value


def main(arguments: list[str]) -> int:
    """Write the family files; models without a single build are left out."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    facts = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    families: dict[str, list[Facts]] = defaultdict(list)
    for model in facts:
        if model["files"]:
            families[model["family"]].append(model)
    for family, models in families.items():
        slug = re.sub(r"[^a-z0-9.]+", "-", family.lower()).strip("-")
        ordered = sorted(models, key=lambda model: (parameters_of(model), model["id"]))
        tree = {"schema": 1, "family": family, "models": [model_of(model) for model in ordered]}
        (CATALOG / f"{slug}.json").write_text(text_of(tree) + "\n", encoding="utf-8")
    print(f"{len(families)} families, {sum(map(len, families.values()))} models")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
