"""Tries a build out in a child process: it is loaded and made to say something."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.core.engine.base import KvType, SamplerOptions
from app.core.engine.context import LlamaContext, StopFlag
from app.core.engine.llama import LogTail, lib
from app.core.engine.plan import LoadPlan
from app.core.engine.sampling import Sampler
from app.core.errors import AppError, ErrorCode
from app.core.hardware.cpu import usable_cores

TRIAL_TOKENS: Final = 16
PROMPT: Final = "What is quantization?\n"
_CONTEXT: Final = 256
_SAMPLER: Final = SamplerOptions(temperature=0)


def try_out(path: Path) -> str:
    """The text of at most `TRIAL_TOKENS` tokens that the model answers with.

    The processor's ordinary kernels are used: neither a graphics card nor repacked weights, so that nothing but the file
    is tried.

    Raises:
        AppError: LOAD_FAILED if it cannot be loaded, BUILD_UNSOUND if it computes no numbers.
    """
    log = LogTail()
    log.install()
    lib.llama_backend_init()
    plan = LoadPlan(
        path=str(path),
        context_length=_CONTEXT,
        threads=usable_cores(),
        batch=64,
        gpu_layers=0,
        flash_attention=False,
        kv_type=KvType.F16,
        use_mmap=True,
        extra_buffers=False,
    )
    context = LlamaContext(plan, StopFlag(), log, lambda _share: None)
    try:
        return _generate(context, path)
    finally:
        context.close()


def _generate(context: LlamaContext, path: Path) -> str:
    words = context.vocabulary
    start = [words.bos] if words.adds_bos else []
    context.evaluate([*start, *words.encode_plain(PROMPT)], lambda _done: None)
    data = b""
    with Sampler(_SAMPLER, words.size) as sampler:
        for _ in range(TRIAL_TOKENS):
            if context.has_broken_logits():
                reason = "it computes no numbers"
                raise AppError(ErrorCode.BUILD_UNSOUND, path=str(path), reason=reason)
            token = sampler.sample(context.handle)
            if words.is_end(token):
                break
            data += words.piece(token)
            context.evaluate_one(token, abortable=False)
    return data.decode("utf-8", "replace")
