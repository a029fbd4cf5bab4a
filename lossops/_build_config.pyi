"""Written by setup.py."""

TORCH_VERSION: str
CUDA_VERSION: str | None
ISA_FLAGS: dict[str, list[str]]
