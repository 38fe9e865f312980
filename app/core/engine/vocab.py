"""Text to tokens and back, with control tokens that message texts cannot forge."""

from __future__ import annotations

import ctypes
import re
from typing import Any, Final

from app.core.engine.llama import lib

PIECE_BYTES: Final = 512
_ATTR_UNKNOWN: Final = 1 << 0
_ATTR_CONTROL: Final = 1 << 3
_ATTR_LSTRIP: Final = 1 << 7
_ATTR_RSTRIP: Final = 1 << 8
_NO_MATCH: Final = r"(?!)"


class Vocabulary:
    """The vocabulary of a loaded model. Reading is safe from several threads at once."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - a ctypes pointer
        self._vocab = lib.llama_model_get_vocab(model)
        self.size = int(lib.llama_vocab_n_tokens(self._vocab))
        self.bos = int(lib.llama_vocab_bos(self._vocab))
        self.eos = int(lib.llama_vocab_eos(self._vocab))
        self.adds_bos = bool(lib.llama_vocab_get_add_bos(self._vocab)) and self.bos >= 0
        self._controls = self._find_controls()
        texts = sorted(map(re.escape, self._controls), key=len, reverse=True)
        self.control_pattern = re.compile("|".join(texts) or _NO_MATCH)
        self.forged_pattern = re.compile(self.control_pattern.pattern, re.IGNORECASE)

    def _find_controls(self) -> dict[str, tuple[int, int]]:
        """Text -> (token, attributes) of all control tokens."""
        attributes, vocab = lib.llama_vocab_get_attr, self._vocab
        found: dict[str, tuple[int, int]] = {}
        for token in range(self.size):
            attribute = attributes(vocab, token)
            if attribute & (_ATTR_CONTROL | _ATTR_UNKNOWN):
                text = self.text(token)
                if text:
                    found.setdefault(text, (token, attribute))
        return found

    def text(self, token: int) -> str:
        """How the token is written in the vocabulary (control tokens as in templates); empty for no token."""
        if not 0 <= token < self.size:
            return ""
        return (lib.llama_vocab_get_text(self._vocab, token) or b"").decode("utf-8", "replace")

    def has_control(self, text: str) -> bool:
        """Whether the vocabulary has a control token written like this."""
        return text in self._controls

    def is_end(self, token: int) -> bool:
        """Whether the token ends a reply."""
        return bool(lib.llama_vocab_is_eog(self._vocab, token))

    def encode_plain(self, text: str) -> list[int]:
        """Tokens of a text in which nothing is a control token."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        buffer = (ctypes.c_int32 * room)()
        count = lib.llama_tokenize(self._vocab, data, len(data), buffer, room, False, False)
        if count < 0:
            room = -count
            buffer = (ctypes.c_int32 * room)()
            count = lib.llama_tokenize(self._vocab, data, len(data), buffer, room, False, False)
        return list(buffer[: max(count, 0)])

    def split_controls(self, text: str) -> list[str | int]:
        """The text cut at its control tokens: plain pieces and token numbers in their order.

        Tokens that swallow the white space beside them (an attribute of some vocabularies) do so here too.
        """
        parts: list[str | int] = []
        position, strip_next = 0, False
        for match in self.control_pattern.finditer(text):
            token, attributes = self._controls[match.group()]
            piece = text[position : match.start()]
            piece = piece.lstrip() if strip_next else piece
            piece = piece.rstrip() if attributes & _ATTR_LSTRIP else piece
            parts += [piece, token] if piece else [token]
            position, strip_next = match.end(), bool(attributes & _ATTR_RSTRIP)
        rest = text[position:].lstrip() if strip_next else text[position:]
        return [*parts, rest] if rest else parts

    def piece(self, token: int) -> bytes:
        """The bytes that a token adds to a text; nothing for control tokens."""
        buffer = ctypes.create_string_buffer(PIECE_BYTES)
        count = lib.llama_token_to_piece(self._vocab, token, buffer, PIECE_BYTES, 0, False)
        if count < 0:
            room = -count
            buffer = ctypes.create_string_buffer(room)
            count = lib.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
        return buffer.raw[: max(count, 0)]
