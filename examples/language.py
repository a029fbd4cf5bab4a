"""A language model of Python's own help: `python examples/language.py`.

What help("topics") shows comes with Python. A small recurrent network reads it two characters at a
time and says which of the 2,400 pairs comes next. One is trained by the logits of a linear layer
and torch's cross_entropy, one by linear_cross_entropy, which is given what goes into that layer. At
the end: a table of the loss on text that neither has seen, the time and the peak memory of a step,
a line that the model writes, and a picture of the curves and of the memory that a step holds. Under
a minute on two cores.
"""

from __future__ import annotations

import os
import pydoc_data.topics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from shared import COLOURS, Example, make_table, spread
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

import lossops.functional as F

LENGTH, BATCH, STEPS, HIDDEN = 64, 128, 30, 96  # pairs of a window, windows, of a run, features


@dataclass(frozen=True)
class Text:
    """The pairs of characters that occur, and the text as numbers of them."""

    pairs: list[str]
    known: Tensor
    unseen: Tensor

    def windows(self, seed: int) -> Tensor:
        """(STEPS, BATCH, LENGTH + 1) pairs from places that differ by the seed."""
        generator = torch.Generator().manual_seed(seed)
        last = len(self.known) - LENGTH - 1
        starts = torch.randint(last, (STEPS, BATCH, 1), generator=generator)
        return self.known[starts + torch.arange(LENGTH + 1)]


def load() -> Text:
    topics = pydoc_data.topics.topics
    text = "\n".join(topics[name] for name in sorted(topics))
    read = [text[i : i + 2] for i in range(0, len(text) - 1, 2)]
    pairs = sorted(set(read))
    numbers = {pair: k for k, pair in enumerate(pairs)}
    tokens = torch.tensor([numbers[pair] for pair in read])
    rows = len(tokens) * 19 // 20
    return Text(pairs, tokens[:rows], tokens[rows:])


class Model(nn.Module):
    """Features of each place, and the layer that would make logits of them."""

    def __init__(self, pairs: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(pairs, HIDDEN)
        self.along = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, pairs)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.along(self.embedding(tokens))[0]


Criterion = Callable[[Model, Tensor], Tensor]


def apart(model: Model, tokens: Tensor) -> Tensor:
    """The layer, then the loss of its logits."""
    logits = model.head(model(tokens[:, :-1]))
    return nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


def together(model: Model, tokens: Tensor) -> Tensor:
    """The loss of the layer."""
    head = model.head
    return F.linear_cross_entropy(model(tokens[:, :-1]), head.weight, tokens[:, 1:], head.bias)


CRITERIA: dict[str, Criterion] = {
    "linear, then cross_entropy": apart,
    "linear_cross_entropy": together,
}


@contextmanager
def silently() -> Iterator[None]:
    """Without what torch's profiler says of itself."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def held(step: Callable[[], object]) -> list[tuple[float, float]]:
    """How many MB a step holds from which ms on."""
    activities = [ProfilerActivity.CPU]
    with silently(), profile(activities=activities, profile_memory=True) as recorded:
        step()
    events = recorded.profiler.kineto_results.events()
    began, now, curve = events[0].start_ns(), 0, [(0.0, 0.0)]
    for event in events:
        if event.name() == "[memory]":
            now += event.nbytes()
            curve.append(((event.start_ns() - began) / 1e6, now / 1e6))
    return curve


@dataclass(frozen=True)
class Run:
    model: Model
    curve: list[float]  # the loss of each step
    unseen: float  # nats per pair
    seconds: float  # of a step
    memory: list[tuple[float, float]]

    @property
    def peak(self) -> float:
        return max(megabytes for _, megabytes in self.memory)


def train(text: Text, name: str, seed: int) -> Run:
    torch.manual_seed(seed)
    model, criterion = Model(len(text.pairs)), CRITERIA[name]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def step(tokens: Tensor) -> float:
        optimizer.zero_grad()
        loss = criterion(model, tokens)
        loss.backward()
        optimizer.step()
        return loss.item()

    windows = text.windows(seed)
    began = time.perf_counter()
    curve = [step(tokens) for tokens in windows]
    seconds = (time.perf_counter() - began) / len(windows)
    rows = len(text.unseen) // (LENGTH + 1)
    unseen = text.unseen[: rows * (LENGTH + 1)].view(rows, LENGTH + 1)
    with torch.no_grad():
        value = together(model, unseen).item()
    written = model.state_dict()
    memory = held(lambda: step(windows[0]))
    model.load_state_dict(written)
    return Run(model, curve, value, seconds, memory)


def write(model: Model, text: Text, length: int = 60, seed: int = 0) -> str:
    """So many pairs, drawn one after the other."""
    generator, state = torch.Generator().manual_seed(seed), None
    token, line = text.unseen[:1].view(1, 1), []
    with torch.no_grad():
        for _ in range(length):
            features, state = model.along(model.embedding(token), state)
            chances = (1.5 * model.head(features[0, -1])).softmax(-1)
            token = torch.multinomial(chances, 1, generator=generator).view(1, 1)
            line.append(text.pairs[int(token)])
    return " ".join("".join(line).split())


def show(runs: dict[str, list[Run]], text: Text, example: Example) -> None:
    headings = ("trained by", "loss of unseen text", "ms per step", "peak memory of a step, MB")
    title = f"{len(text.pairs):,} pairs of characters, {BATCH * LENGTH:,} places a step"
    table = make_table(title, headings)
    for name, repeats in runs.items():
        table.add_row(
            name,
            spread((r.unseen for r in repeats), digits=3),
            spread(1e3 * r.seconds for r in repeats),
            spread((r.peak for r in repeats), digits=0),
        )
    example.console.print(table)
    pairs = zip(*runs.values(), strict=True)
    apart = max(
        abs(a - b) for one, other in pairs for a, b in zip(one.curve, other.curve, strict=True)
    )
    example.note(f"the losses of a step differ by at most {apart:.1g} between the two")
    example.note(f"it writes: {write(repeats[0].model, text)}")


def draw(runs: dict[str, list[Run]]) -> Figure:
    """The losses of the steps, one upon the other, and what a step holds as it goes on."""
    figure, (losses, memory) = plt.subplots(1, 2, figsize=(11, 4))
    figure.suptitle("The same loss without its logits", fontweight="bold")
    styles = ({"lw": 4, "alpha": 0.5}, {"lw": 1.5})
    for (name, repeats), colour, style in zip(runs.items(), COLOURS, styles, strict=False):
        losses.plot(repeats[0].curve, color=colour, label=name, **style)
        times, megabytes = zip(*repeats[0].memory, strict=True)
        memory.step(times, megabytes, where="post", color=colour, label=name, lw=1.5)
        top = repeats[0].peak
        memory.annotate(f"{top:.0f} MB", (times[megabytes.index(top)], top), ha="left", va="bottom",
                        color=colour, fontweight="bold")  # fmt: skip
    losses.set(xlabel="step", ylabel="nats per pair", title="loss in training")
    memory.set(xlabel="ms from the start of a step", ylabel="MB", title="memory held")
    losses.legend(loc="upper right")
    return figure


def main() -> None:
    example = Example("A language model of Python's own help.", repeats=1, width=100)
    text = load()
    runs: dict[str, list[Run]] = {name: [] for name in CRITERIA}
    for name, seed in example.runs(CRITERIA):
        runs[name].append(train(text, name, seed))
    show(runs, text, example)
    example.save(draw(runs), "language.png")
    example.finish()


if __name__ == "__main__":
    main()
