"""`python -m dedup.cli` is `dedup`."""

from dedup.cli.program import run

if __name__ == "__main__":
    run()
