"""Writes what the C++ examples read: the digits, a TorchScript file, an AOTInductor package.

Run it as `python make_files.py FOLDER`. It also trains in Python the model that train.cpp trains in
C++, and writes the accuracy it reached beside the data, so that the program can compare.
"""

import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

import lossops

EPOCHS, BATCH, RATE = 40, 64, 3e-3


class Tensors(nn.Module):
    """Tensors by name: what torch::jit::load can read."""

    def __init__(self, **tensors: Tensor) -> None:
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)


class Scored(nn.Module):
    """A linear classifier that returns the loss of each image: which labels look wrong?"""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 10)
        self.loss = lossops.nn.SoftmaxFocalLoss(gamma=2.0, reduction="none")

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss of each row."""
        return self.loss(self.linear(x), y)


def train(x: Tensor, y: Tensor) -> nn.Module:
    """What train.cpp does."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    loss = lossops.nn.CrossEntropyLoss(label_smoothing=0.05, z_loss=1e-4)
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
    return model


def main(folder: Path) -> None:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    images, labels = load_digits(return_X_y=True)
    split = train_test_split(images / 16, labels, test_size=0.25, random_state=0, stratify=labels)
    train_x, test_x = (torch.tensor(part, dtype=torch.float32) for part in split[:2])
    train_y, test_y = (torch.tensor(part) for part in split[2:])

    model = train(train_x, train_y)
    accuracy = (model(test_x).argmax(1) == test_y).float().mean()
    print(f"accuracy in Python: {accuracy:.4f}")
    data = Tensors(
        train_x=train_x, train_y=train_y, test_x=test_x, test_y=test_y, accuracy=accuracy
    )
    torch.jit.script(data).save(str(folder / "digits.pt"))

    torch.manual_seed(0)
    scored = Scored()
    torch.jit.script(scored).save(str(folder / "scored.pt"))
    x, y = test_x[:8].clone(), test_y[:8].clone()
    program = torch.export.export(scored, (x, y))
    torch._inductor.aoti_compile_and_package(program, package_path=str(folder / "scored.pt2"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
