"""The native library. Importing it registers torch.ops.lossops; Python needs nothing else of it."""
