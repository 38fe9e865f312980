"""Train the guide on a CPU: bf16 autocast, packed rows, Muon for matrices, AdamW for the rest.

usage: train.py FOLDER OUT.pt [--steps N] [--seed S] [--resume]
   FOLDER holds data.npz (dataset.py); OUT.pt gets the averaged weights, OUT.state everything
   that is needed to go on after an interruption.

Three things keep the model from memorising arrangements of words: dropout, roughly cut question
tokens (see dataset.py), and an auxiliary head that must name the topic from the mean of the
question's hidden states halfway through the network, as a bag of words would. The head is not
exported.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from dataset import ANSWER, QUESTION, Batch, Packer
from model import Guide, ModelConfig
from torch import Tensor, nn
from torch.nn import functional

log = logging.getLogger("guide.train")


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Everything that decides the outcome of a run besides the data."""

    steps: int = 1500
    rows: int = 16
    length: int = 256
    seed: int = 1
    muon_rate: float = 0.02
    adam_rate: float = 2e-3
    muon_decay: float = 0.1
    adam_decay: float = 0.01
    warm_up: int = 40
    hold: float = 0.35  # share of the steps at the full rate, before it falls in a line
    last_rate: float = 0.01
    average: float = 0.99  # weight average, per step
    question_loss: float = 0.1
    question_share: float = 0.3  # share of question tokens that are scored
    topic_loss: float = 0.3
    prompt_topic_loss: float = 0.15
    smoothing: float = 0.1


class TopicHeads(nn.Module):
    """Names the topic from the mean of a question halfway, and from the prompt's last state."""

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.question, self.prompt = nn.Linear(dim, classes), nn.Linear(dim, classes)
        nn.init.zeros_(self.question.weight)
        nn.init.zeros_(self.prompt.weight)

    def forward(self, halfway: Tensor, last: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return class scores (questions, classes) of both heads."""
        count = len(batch.intents)
        inside = batch.question >= 0
        index = batch.question[inside]
        sums = torch.zeros(count, halfway.shape[-1])
        sums = sums.index_add(0, index, halfway[inside].float())
        sizes = torch.bincount(index, minlength=count).clamp(min=1)
        mean = functional.rms_norm(sums / sizes[:, None], (halfway.shape[-1],))
        ends = batch.prompt_end >= 0
        return self.question(mean), self.prompt(last[ends])


class Trainer:
    """A run: model, optimizers, averaged weights, and where it stands."""

    def __init__(self, data: Packer, config: TrainConfig, shape: ModelConfig) -> None:
        torch.manual_seed(config.seed)
        self.data, self.config, self.shape = data, config, shape
        self.model = Guide(shape)
        self.heads = TopicHeads(shape.dim, len(data.intents))
        matrices = [weight for weight in self.model.blk.parameters() if weight.dim() == 2]
        known = {id(weight) for weight in matrices}
        rest = [
            w for w in (*self.model.parameters(), *self.heads.parameters()) if id(w) not in known
        ]
        muon = torch.optim.Muon(matrices, lr=config.muon_rate, weight_decay=config.muon_decay,
                                momentum=0.95, ns_steps=4)  # fmt: skip
        adam = torch.optim.AdamW(rest, lr=config.adam_rate, betas=(0.9, 0.98),
                                 weight_decay=config.adam_decay)  # fmt: skip
        self.optimizers: list[torch.optim.Optimizer] = [muon, adam]
        self.rates = (config.muon_rate, config.adam_rate)
        self.average = {name: w.detach().clone() for name, w in self.model.named_parameters()}
        self.step = 0

    def compile(self) -> None:
        """Compile the layers; all batches have one shape, so this happens once."""
        for layer in self.model.blk:
            layer.forward = torch.compile(layer.forward, dynamic=False)

    def rate(self) -> float:
        """Factor of the learning rates at the current step."""
        config, done = self.config, self.step / self.config.steps
        warm = min(1.0, (self.step + 1) / config.warm_up)
        return warm * max(config.last_rate, min(1.0, (1 - done) / (1 - config.hold)))

    def losses(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return the losses of answers, of question text, and of the topic heads."""
        config = self.config
        kind, target = batch.kind.roll(-1, 1), batch.ids.roll(-1, 1)
        kind[:, -1] = 0
        answer = kind == ANSWER
        question = (kind == QUESTION) & (torch.rand(kind.shape) < config.question_share)
        with torch.autocast("cpu", torch.bfloat16):
            states = self.model.hidden(batch.ids, batch.positions, batch.mask)
            answer_scores = self.model.logits(states[-1][answer])
            question_scores = self.model.logits(states[-1][question])
            halfway = states[len(states) // 2 - 1]
            by_question, by_prompt = self.heads(halfway, states[-1], batch)
        answers = functional.cross_entropy(answer_scores.float(), target[answer])
        questions = functional.cross_entropy(question_scores.float(), target[question])
        options: dict[str, Any] = {"ignore_index": -1, "label_smoothing": config.smoothing}
        topics = config.topic_loss * functional.cross_entropy(
            by_question.float(), batch.intents, **options
        )
        topics = topics + config.prompt_topic_loss * functional.cross_entropy(
            by_prompt.float(), batch.intents, **options
        )
        return answers, questions, topics

    def advance(self, batch: Batch) -> tuple[float, float, float]:
        """Take one step and return its losses."""
        factor = self.rate()
        for optimizer, rate in zip(self.optimizers, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
        answers, questions, topics = self.losses(batch)
        loss = answers + self.config.question_loss * questions + topics
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        keep = min(self.config.average, self.step / (self.step + 10))
        with torch.no_grad():
            for name, weight in self.model.named_parameters():
                self.average[name].lerp_(weight, 1 - keep)
        return answers.item(), questions.item(), topics.item()

    def save(self, out: Path) -> None:
        """Write the averaged weights, and beside them the state of the run."""
        shape = dataclasses.asdict(self.shape)
        torch.save({"config": shape, "model": self.average, "step": self.step}, out)
        state = {
            "step": self.step,
            "config": dataclasses.asdict(self.config),
            "model": self.model.state_dict(),
            "heads": self.heads.state_dict(),
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "random": torch.get_rng_state(),
        }
        temporary = out.with_suffix(".part")
        torch.save(state, temporary)
        temporary.replace(out.with_suffix(".state"))

    def load(self, out: Path) -> None:
        """Go back to a saved state of the same run."""
        state = torch.load(out.with_suffix(".state"))
        ours = {**dataclasses.asdict(self.config), "steps": state["config"]["steps"]}
        if state["config"] != ours:  # only the length of a run may change
            raise ValueError("the saved state belongs to a run with other settings")
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.heads.load_state_dict(state["heads"])
        self.average = state["average"]
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        torch.set_rng_state(state["random"])


def run(trainer: Trainer, out: Path, report_every: int = 25, save_every: int = 200) -> None:
    """Train to the end, reporting and saving now and then."""
    batches: Iterator[Batch] = trainer.data.batches(skip=trainer.step)
    started, seen, first = time.monotonic(), 0, trainer.step
    smooth: list[float] = []
    while trainer.step < trainer.config.steps:
        batch = next(batches)
        losses = trainer.advance(batch)
        if not math.isfinite(sum(losses)):
            raise FloatingPointError(f"the loss is not finite at step {trainer.step}")
        smooth = [0.9 * a + 0.1 * b for a, b in zip(smooth or losses, losses, strict=True)]
        seen += int((batch.kind > 0).sum())
        if trainer.step % report_every == 0:
            elapsed = time.monotonic() - started
            log.info("step %d, %.0f s, answers %.4f, questions %.3f, topics %.3f, rate %.3f, "
                     "%.2f s/step, %d tokens/s", trainer.step, elapsed, *smooth, trainer.rate(),
                     elapsed / (trainer.step - first), seen / elapsed)  # fmt: skip
        if trainer.step % save_every == 0 or trainer.step == trainer.config.steps:
            trainer.save(out)
    log.info("done: %d steps, %.0f s", trainer.step, time.monotonic() - started)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=TrainConfig.steps)
    parser.add_argument("--seed", type=int, default=TrainConfig.seed)
    parser.add_argument("--layers", type=int, default=ModelConfig.layers)
    parser.add_argument("--ff", type=int, default=ModelConfig.ff)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--no-compile", action="store_true")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    config = TrainConfig(steps=arguments.steps, seed=arguments.seed)
    data = Packer(arguments.folder / "data.npz", config.length, config.rows, config.seed)
    shape = ModelConfig(vocab=data.vocabulary, layers=arguments.layers, ff=arguments.ff)
    trainer = Trainer(data, config, shape)
    if arguments.resume and arguments.out.with_suffix(".state").exists():
        trainer.load(arguments.out)
    if not arguments.no_compile:
        trainer.compile()
    log.info("%.2f M parameters, %d intents, %d conversations",
             sum(w.numel() for w in trainer.model.parameters()) / 1e6, len(data.intents),
             len(data.starts) - 1)  # fmt: skip
    run(trainer, arguments.out)


if __name__ == "__main__":
    main()
