"""The flow for corpora that are worth compiling for: the same stages over partitions, by kernels, out of core."""
