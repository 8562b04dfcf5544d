import pytest


@pytest.fixture(scope="session")
def summary():
    """Says all that a prompt states on one line."""

    def summary(facts):
        """All that a prompt states, on one line."""
        low, high = facts.tempo_range or (None, None)
        parts = [
            facts.bpm and f"{facts.bpm:g} bpm",
            low and f"{low:g}-{high:g}",
            facts.key and str(facts.key),
            facts.time_signature,
            facts.num_bars and f"{facts.num_bars} bars",
            facts.seconds and f"{facts.seconds:g} s",
            ", ".join(i.name for i in facts.instruments),
            facts.exclusive and "only",
            ", ".join(f"no {i.name}" for i in facts.absent),
        ]
        return "; ".join(part for part in parts if part)

    return summary
