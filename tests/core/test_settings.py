"""Settings: defaults, round trip, damage, unknown keys."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from app.core.settings import Settings, SettingsStore, Theme


def test_round_trip_keeps_everything_and_tells_listeners(tmp_path):
    path = tmp_path / "settings.json"
    store = SettingsStore(path)
    heard = []
    store.listen(lambda old, new: heard.append((old, new)))
    changed = replace(
        store.current,
        look=replace(store.current.look, theme=Theme.DARK, text_scale=1.5),
        loading=replace(store.current.loading, kv_type="q8_0", context_length=4096),
        last_model="/m.gguf",
    )
    store.change(changed)
    store.change(changed)
    assert heard == [(Settings(), changed)]
    assert SettingsStore(path).current == changed


@pytest.mark.expects_log
def test_bad_values_fall_back_one_by_one_and_unknown_keys_stay(tmp_path, caplog):
    path = tmp_path / "settings.json"
    tree = {
        "schema": 7,
        "look": {"theme": "pink", "text_scale": 2, "shine": 3},
        "generation": {"temperature": "hot", "top_k": 7, "max_tokens": True},
        "loading": {"kv_type": "q9"},
        "future": {"a": 1},
    }
    path.write_text(json.dumps(tree), encoding="utf-8")
    with caplog.at_level(logging.WARNING, "app"):
        store = SettingsStore(path)
    now = store.current
    assert (now.look.theme, now.look.text_scale) == (Theme.SYSTEM, 2.0)
    assert (now.generation.temperature, now.generation.top_k) == (0.7, 7)
    assert now.generation.max_tokens == 0
    assert now.loading.kv_type == "f16"
    assert len(caplog.records) == 4
    store.change(replace(now, offline=True))
    written = json.loads(path.read_text(encoding="utf-8"))
    assert (written["future"], written["look"]["shine"]) == ({"a": 1}, 3)


@pytest.mark.expects_log
def test_a_damaged_file_gives_defaults(tmp_path, caplog):
    path = tmp_path / "settings.json"
    for text in ("{", "[1]", "\x00"):
        path.write_text(text, encoding="utf-8")
        with caplog.at_level(logging.WARNING, "app"):
            assert SettingsStore(path).current == Settings()
