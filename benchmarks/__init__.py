"""Speed and memory of lossops beside the code it replaces: `python -m benchmarks`."""
