"""The token and the keyring, with a keyring in memory and with none."""

from __future__ import annotations

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import PasswordDeleteError

from app.core.errors import AppError, ErrorCode
from app.core.models.hub_token import TokenStore


class MemoryKeyring(KeyringBackend):
    priority = 1.0

    def __init__(self):
        super().__init__()
        self.entries = {}
        self.asked = 0

    def get_password(self, service, username):
        self.asked += 1
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self.entries[service, username] = password

    def delete_password(self, service, username):
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError


@pytest.fixture
def use(monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    before = keyring.get_keyring()

    def choose(backend):
        keyring.set_keyring(backend)
        return backend

    yield choose
    keyring.set_keyring(before)


def test_saved_found_again_and_forgotten(use):
    memory = use(MemoryKeyring())
    TokenStore().save("  hf_abc\n")
    store = TokenStore()
    assert [store(), store()] == ["hf_abc", "hf_abc"]
    assert memory.asked == 1
    store.forget()
    store.forget()
    assert TokenStore()() is None
    assert not memory.entries


def test_each_hub_has_its_own(use):
    use(MemoryKeyring())
    TokenStore("https://huggingface.co").save("hf_public")
    assert TokenStore("https://mirror.example")() is None


def test_the_environment_comes_first(use, monkeypatch):
    use(MemoryKeyring())
    TokenStore().save("hf_saved")
    monkeypatch.setenv("HF_TOKEN", "hf_named")
    assert TokenStore()() == "hf_named"


def test_without_a_keyring_nothing_is_saved_and_that_is_said(use):
    use(NoKeyring())
    store = TokenStore()
    assert store() is None
    for action in (lambda: store.save("hf_abc"), store.forget):
        with pytest.raises(AppError) as caught:
            action()
        assert caught.value.code is ErrorCode.NO_KEYRING
        assert "hf_abc" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", "schlüssel"])
def test_what_is_no_token_is_refused(use, text):
    memory = use(MemoryKeyring())
    with pytest.raises(AppError) as caught:
        TokenStore().save(text)
    assert caught.value.code is ErrorCode.USAGE
    assert not memory.entries
