"""Where the stages run: each engine maps a stage over partitions, in order."""
