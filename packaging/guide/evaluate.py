"""Measure the guide on trained wordings, wordings kept out, drill and examination.

usage: evaluate.py GUIDE-F16.gguf [--types F16 Q8_0] [--sets trained late validation drill exam]
                   [--show drill|validation|trained] [--report report.json]

Temperature 0. The examination's questions and the answers to them are never shown: only totals.
A right answer to drill and examination holds all key facts and is not broken; a right answer to
a wording is the authored answer of its topic (computed answers: to the figure).
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import logging
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from conversations import Generator, all_topics
from corpus import HERE, Topic, all_expansions, ask, fill
from judge import Judge, Question, has_facts, load_questions
from llama import Model, quantize

log = logging.getLogger("guide.evaluate")
TRAINED_SAMPLE = 400
SEED = 7
SETS = ("trained", "late", "validation", "drill", "exam")
LATE_SAMPLE, LATE_TURNS = 100, 8
SHOWN = ("trained", "validation", "drill")


@dataclasses.dataclass
class Result:
    """One question with its answer and the verdict."""

    kind: str
    question: str
    answer: str
    right: bool
    broken: bool
    invented: bool
    wanted: str


class Evaluation:
    """Asks one model and judges it."""

    def __init__(self, model: Model, topics: list[Topic]) -> None:
        self.model, self.topics, self.judge = model, topics, Judge(topics)

    def _result(self, kind: str, question: str, answer: str, right: bool, wanted: str) -> Result:
        """Judge what is common to all sets."""
        broken = self.judge.is_broken(answer)
        invented = self.judge.is_invented(answer)
        return Result(kind, question, answer, right and not broken, broken, invented, wanted)

    def _wording(
        self, topic: Topic, question: str, before: Sequence[tuple[str, str]] = ()
    ) -> Result:
        """Ask one wording of a topic, perhaps after other turns."""
        answer = self.model.answer([*before, ("user", question)])
        kind = topic.key.split(".")[0] if topic.is_table else topic.section
        right = self.judge.is_topic(topic, answer)
        return self._result(kind, question, answer, right, topic.key)

    def trained(self) -> Iterator[Result]:
        """Ask a sample of the wordings that training used, drawn as training draws them."""
        generator = Generator(SEED, self.topics)
        rng = random.Random(SEED)
        for _ in range(TRAINED_SAMPLE):
            topic = generator.pick()
            yield self._wording(topic, ask(topic, rng))

    def late(self) -> Iterator[Result]:
        """Ask trained wordings after several turns about other topics (600 tokens and more)."""
        generator = Generator(SEED + 1, self.topics)
        rng = random.Random(SEED)
        for _ in range(LATE_SAMPLE):
            before: list[tuple[str, str]] = []
            for _ in range(LATE_TURNS):
                other = generator.pick()
                before += [("user", ask(other, rng)), ("assistant", other.answer)]
            topic = generator.pick()
            yield self._wording(topic, ask(topic, rng), before)

    def validation(self) -> Iterator[Result]:
        """Ask the wordings kept out of training."""
        for topic in self.topics:
            for wording in topic.validation:
                text = fill(all_expansions(wording)[0], topic, random.Random(SEED))
                yield self._wording(topic, text)

    def _exam(self, question: Question) -> Result:
        """Ask one examination question, after what comes before it."""
        messages: list[tuple[str, str]] = []
        for text in (*question.before, question.text):
            messages.append(("user", text))
            answer = self.model.answer(messages)
            messages.append(("assistant", answer))
        right = has_facts(question, answer)
        wanted = " & ".join(question.need)
        asked = " / ".join((*question.before, question.text))
        return self._result(question.kind, asked, answer, right, wanted)

    def run(self, name: str) -> list[Result]:
        """Return the results of one set."""
        wordings = {"trained": self.trained, "late": self.late, "validation": self.validation}
        if name in wordings:
            return list(wordings[name]())
        path = HERE / "evaluation" / f"{name}.jsonl"
        return [self._exam(question) for question in load_questions(path)]


def summary(results: list[Result]) -> dict[str, object]:
    """Return totals and totals by kind."""
    kinds: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for result in results:
        kinds[result.kind][0] += result.right
        kinds[result.kind][1] += 1
    count = len(results)
    return {
        "questions": count,
        "right": sum(r.right for r in results),
        "right_share": round(sum(r.right for r in results) / count, 4),
        "broken": sum(r.broken for r in results),
        "invented": sum(r.invented for r in results),
        "invented_share": round(sum(r.invented for r in results) / count, 4),
        "by_kind": {kind: f"{right}/{total}" for kind, (right, total) in sorted(kinds.items())},
    }


def evaluate(path: Path, sets: list[str], show: str) -> dict[str, dict[str, object]]:
    """Measure one file on the chosen sets."""
    found = {}
    with Model(path) as model:
        evaluation = Evaluation(model, all_topics())
        for name in sets:
            results = evaluation.run(name)
            found[name] = summary(results)
            log.info("%s %s %s", path.name, name, json.dumps(found[name]))
            if name == show and show in SHOWN:
                for result in results:
                    if not result.right or result.invented:
                        log.info("  [%s] %s | wanted %s%s\n      %s", result.kind, result.question,
                                 result.wanted, " INVENTED" if result.invented else "",
                                 result.answer)  # fmt: skip
    return found


def main() -> None:
    """Read the command line, measure, and write the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="the F16 file")
    parser.add_argument("--types", nargs="+", default=["F16", "Q8_0"])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--show", default="", choices=("", *SHOWN))
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    report = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.types:
            path = arguments.model
            if name != "F16":
                path = Path(folder) / f"guide-{name}.gguf"
                quantize(arguments.model, path, name)
            report[name] = evaluate(path, arguments.sets, arguments.show)
    if arguments.report:
        text = json.dumps({"temperature": 0, "results": report}, indent=2)
        arguments.report.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
