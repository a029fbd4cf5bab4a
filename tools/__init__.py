"""What writes the files that follow from the losses: see `python -m tools.generate`."""
