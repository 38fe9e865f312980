"""Texts that ship with the app."""

from __future__ import annotations

import pytest

from app.core import documents
from app.core.errors import AppError, ErrorCode


def test_the_licence_and_the_guides_card_ship():
    assert "MIT" in documents.licence()
    assert documents.guide_card().startswith("#")


def test_what_did_not_ship_is_an_expected_error(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "guide_path", lambda: tmp_path / "guide.gguf")
    monkeypatch.setattr(documents, "resources_dir", lambda: tmp_path / "resources")
    for read in (documents.guide_card, documents.licence):
        with pytest.raises(AppError) as caught:
            read()
        assert caught.value.code is ErrorCode.RESOURCE_MISSING
