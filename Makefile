# Each target does all its own set-up, in .venv. TORCH picks another build of torch, e.g. for CUDA. The library
# is compiled for this processor alone, and for every one in test-all and wheel.
TORCH ?= torch==2.13.0
NEXT ?= torch==2.14.1
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
SOURCES := setup.py pyproject.toml $(shell find csrc -type f)

.PHONY: demo examples test test-all test-next sanitize check-cuda sanitize-cuda bench docs wheel lint format clean

demo: $(VENV)/built $(VENV)/extra-demo
	$(RUN) examples/demo.py --out demo_output
	$(RUN) examples/anomaly.py --out demo_output

examples: $(VENV)/built $(VENV)/extra-demo
	$(RUN) examples/imbalanced.py --out demo_output
	$(RUN) examples/regression.py --out demo_output
	$(RUN) examples/multitask.py --out demo_output
	$(RUN) examples/digits.py --out demo_output
	$(RUN) examples/segmentation.py --out demo_output
	$(RUN) examples/language.py --out demo_output

test: $(VENV)/built $(VENV)/extra-test $(VENV)/extra-demo $(VENV)/extra-docs
	$(RUN) -m pytest -n 2 --dist worksteal -m "not slow"

test-all: $(VENV)/built-all $(VENV)/extra-test $(VENV)/extra-demo $(VENV)/extra-docs
	$(RUN) -m pytest -n 2 --dist worksteal

# The same with another torch, in a clone: the tree holds the build for one. Downloads several GB.
test-next:
	rm -rf build/next
	git clone --quiet . build/next
	$(MAKE) -C build/next test-all TORCH=$(NEXT) PYTHON=$(PYTHON)

sanitize: $(VENV)/built $(VENV)/extra-test
	$(RUN) -m tests.sanitize

# Compiles every CUDA kernel, without a GPU and with any torch; needs nvcc.
check-cuda: $(VENV)/torch
	$(RUN) -m tests.cuda_objects

# Memory errors and races of the kernels, on a GPU.
sanitize-cuda: $(VENV)/built $(VENV)/extra-test
	for tool in memcheck racecheck; do \
	  PYTORCH_NO_CUDA_MEMORY_CACHING=1 compute-sanitizer --tool $$tool --target-processes all --error-exitcode 1 \
	    $(RUN) -m pytest tests/test_layouts.py tests/test_gpu.py -m "not slow" -k "cuda or rows" || exit 1; done

# ISA=avx2 measures all sides with AVX2 where there is AVX-512, on a build that has both.
DEVICE ?= cpu
$(if $(filter-out avx2 avx512,$(ISA)),$(error ISA must be avx2 or avx512, not $(ISA)))
bench: $(VENV)/built$(if $(ISA),-all) $(VENV)/extra-bench
	$(if $(ISA),ATEN_CPU_CAPABILITY=$(ISA)) $(RUN) -m benchmarks --device $(DEVICE)

# The site, in build/docs. Its snippets run as it is built, hence the extras of demo and test.
docs: $(VENV)/built $(VENV)/extra-docs $(VENV)/extra-demo $(VENV)/extra-test
	$(RUN) -m sphinx -W --keep-going -q docs build/docs
	@echo "the site: $(CURDIR)/build/docs/index.html"

# A source distribution, and a wheel for the Python and torch of .venv, which is audited and tried in an
# environment of its own. For others: make wheel PYTHON=python3.13 TORCH=torch==2.14.1 in a clone.
wheel: $(VENV)/torch $(VENV)/extra-wheel
	rm -rf dist build/lib.*
	$(RUN) -m build --no-isolation --sdist --wheel
	$(RUN) -m tests.wheel dist/*.whl

lint: $(VENV)/torch $(VENV)/extra-lint
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/clang-format --dry-run -Werror $(shell git ls-files '*.h' '*.cpp' '*.cu')

format: $(VENV)/extra-lint
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .
	$(VENV)/bin/clang-format -i $(shell git ls-files '*.h' '*.cpp' '*.cu')

$(VENV)/torch:
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet $(TORCH) numpy "setuptools>=77" wheel pybind11 ninja
	touch $@

INSTALL := $(RUN) -m pip install --quiet --no-build-isolation --no-deps --editable .

$(VENV)/built: $(VENV)/torch $(SOURCES) $(wildcard cmake/*)
	LOSSOPS_ISAS=native $(INSTALL)
	rm -f $(VENV)/built-all
	touch $@

$(VENV)/built-all: $(VENV)/torch $(SOURCES) $(wildcard cmake/*)
	$(INSTALL)
	touch $(VENV)/built $@

$(VENV)/extra-%: $(VENV)/torch pyproject.toml
	$(RUN) -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['$*'], sep='\n')" > $@.txt
	$(RUN) -m pip install --quiet -r $@.txt
	mv $@.txt $@

clean:
	rm -rf $(VENV) build dist docs/losses docs/gallery docs/output lossops.egg-info lossops/*.so lossops/_build_config.py lossops/include lossops/lib lossops/share
