"""Written by setup.py."""

TORCH_VERSION: str
CUDA_VERSION: str | None
ISAS: tuple[str, ...]
ISA_FLAGS: dict[str, list[str]]
