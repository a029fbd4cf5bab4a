"""The examples on real data run as their first lines say, and leave their pictures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PICTURES = {
    "imbalanced": ["imbalanced.png", "imbalanced_losses.png"],
    "regression": ["regression.png"],
    "multitask": ["multitask.png"],
    "digits": ["digits.png"],
    "segmentation": ["segmentation.png"],
    "language": ["language.png"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_example(name: str, tmp_path: Path) -> None:
    """With one run of each loss, in well under a minute of processor time."""
    image = pytest.importorskip("matplotlib.image")
    pytest.importorskip("sklearn")
    before = os.times()
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / f"{name}.py", "--out", tmp_path, "--repeats", "1"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    after = os.times()
    used = after.children_user + after.children_system
    assert used - before.children_user - before.children_system < 60
    assert sorted(path.name for path in tmp_path.iterdir()) == PICTURES[name]
    for picture in PICTURES[name]:
        assert str(tmp_path / picture) in done.stdout.replace("\n", "")
        pixels = image.imread(tmp_path / picture)[..., :3]
        assert pixels.shape[1] > 1000 and 0.01 < (pixels < 0.8).any(-1).mean() < 0.5
