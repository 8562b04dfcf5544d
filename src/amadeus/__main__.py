"""`python -m amadeus`, the same program as `amadeus`."""

from amadeus.cli.main import run

if __name__ == "__main__":
    run()
