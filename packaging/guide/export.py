"""Trained weights to a GGUF F16 file, and the check that llama.cpp computes the same.

usage: export.py CHECKPOINT.pt TOKENIZER.json OUT.gguf [--check calibration.txt]
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from llama import Model
from model import RMS_EPSILON, Guide, ModelConfig
from tokenizer import CHAT_TEMPLATE, END_OF_TEXT, TURN_END
from tokenizers import Tokenizer

log = logging.getLogger("guide.export")
VERSION = "1.0"
DESCRIPTION = (
    "A tiny guide to the app Nibble and to quantization, trained from scratch by the Nibble "
    "project on text written for it. It knows nothing else and can be wrong."
)
ODD_TEXTS = (
    "Hello  World", "  two spaces", "tabs\tand\nnewlines\n\n", "it's I'll you've can't",
    "Q4_K_M vs q5_k_s?! (70B @ 4.5 bpw)", "na\u00efve caf\u00e9 \u2014 \u201eGr\u00f6\u00dfe\u201c",
    "\u4e2d\u6587 \u65e5\u672c\u8a9e \U0001f600\U0001f389", "1234567890 3.14159", "a<b && c>d; {x: [1,2]}",
    "...???!!!", "user\nwhat is  a KV-cache \n", "\u00a0nbsp\u2003em", "x" * 50, "   ", "tail  ",
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n",
)  # fmt: skip
TOLERANCE = 0.05  # largest difference of logits, F16 against F32 arithmetic


def _add_shape(writer: gguf.GGUFWriter, config: ModelConfig) -> None:
    """Write who it is and its dimensions."""
    writer.add_name("Nibble Guide")
    writer.add_author("The Nibble project")
    writer.add_version(VERSION)
    writer.add_description(DESCRIPTION)
    writer.add_license("mit")
    writer.add_license_name("MIT License")
    writer.add_languages(["en"])
    writer.add_tags(["text-generation", "guide"])
    writer.add_size_label("10M")
    writer.add_type("model")
    writer.add_block_count(config.layers)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.dim)
    writer.add_feed_forward_length(config.ff)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(RMS_EPSILON)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_base)
    writer.add_vocab_size(config.vocab)
    writer.add_file_type(int(gguf.LlamaFileType.MOSTLY_F16))


def _add_tokenizer(writer: gguf.GGUFWriter, path: Path) -> None:
    """Write vocabulary, merges, control tokens and chat template."""
    source: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    vocabulary: dict[str, int] = source["model"]["vocab"]
    control = {token["id"] for token in source["added_tokens"]}
    tokens = sorted(vocabulary, key=lambda token: vocabulary[token])
    kinds = [
        gguf.TokenType.CONTROL if number in control else gguf.TokenType.NORMAL
        for number in range(len(tokens))
    ]
    merges = [m if isinstance(m, str) else " ".join(m) for m in source["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(vocabulary[END_OF_TEXT])
    writer.add_eos_token_id(vocabulary[TURN_END])
    writer.add_eot_token_id(vocabulary[TURN_END])
    writer.add_pad_token_id(vocabulary[END_OF_TEXT])
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def write(checkpoint: Path, tokenizer: Path, out: Path) -> None:
    """Write the F16 file; norms stay F32. Names of the weights are ggml's already."""
    saved = torch.load(checkpoint, map_location="cpu")
    writer = gguf.GGUFWriter(out, "llama")
    _add_shape(writer, ModelConfig(**saved["config"]))
    _add_tokenizer(writer, tokenizer)
    for name, weight in saved["model"].items():
        array = weight.float().numpy()
        writer.add_tensor(name, array if array.ndim == 1 else array.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    log.info("%s: %.1f MB", out.name, out.stat().st_size / 1e6)


def check_tokens(model: Model, tokenizer: Path, texts: list[str]) -> int:
    """Return how many texts llama.cpp cuts into other tokens than the trained tokenizer."""
    reference = Tokenizer.from_file(str(tokenizer))
    wrong = 0
    for text in texts:
        wrong += model.tokenize(text) != reference.encode(text, add_special_tokens=False).ids
    return wrong


def check_logits(model: Model, checkpoint: Path, prompts: list[list[int]]) -> float:
    """Return the largest difference of logits between llama.cpp and torch."""
    saved = torch.load(checkpoint, map_location="cpu")
    guide = Guide(ModelConfig(**saved["config"]))
    rounded = {k: w.half().float() if w.dim() == 2 else w for k, w in saved["model"].items()}
    guide.load_state_dict(rounded)
    guide.eval()
    worst = 0.0
    for prompt in prompts:
        with torch.no_grad():
            expected = guide(torch.tensor([prompt]))[0].numpy()
        found = model.logits(prompt)
        worst = max(worst, float(np.abs(expected - found).max()))
        if (expected.argmax(1) != found.argmax(1)).mean() > 0.02:
            raise SystemExit("llama.cpp and torch disagree about the likeliest tokens")
    return worst


def check(checkpoint: Path, tokenizer: Path, out: Path, sample: Path) -> None:
    """Fail when llama.cpp cuts text or computes logits differently."""
    conversations = sample.read_text(encoding="utf-8").split("<|im_start|>user\n")[1:]
    texts = [*ODD_TEXTS, *("<|im_start|>user\n" + text for text in conversations)]
    with Model(out) as model:
        wrong = check_tokens(model, tokenizer, texts)
        prompts = [model.tokenize(text)[:200] for text in texts[len(ODD_TEXTS) :][:8]]
        worst = check_logits(model, checkpoint, prompts)
    log.info("%d texts, %d cut differently; largest difference of logits %.4f",
             len(texts), wrong, worst)  # fmt: skip
    if wrong or worst > TOLERANCE:
        raise SystemExit("the exported file is not the trained model")


def main() -> None:
    """Read the command line, write and check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--check", type=Path, help="conversations to compare on")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    write(arguments.checkpoint, arguments.tokenizer, arguments.out)
    if arguments.check:
        check(arguments.checkpoint, arguments.tokenizer, arguments.out, arguments.check)


if __name__ == "__main__":
    main()
