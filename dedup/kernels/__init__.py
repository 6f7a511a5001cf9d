"""Compiled loops: arrays in, arrays out. Each equals a slow, plain reference, which the tests hold it to."""
