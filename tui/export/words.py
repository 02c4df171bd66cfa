"""What is said of an exported record."""

from __future__ import annotations

from engine.export.source import Source


def damage_words(source: Source) -> str:
    """What of the record could not be read."""
    damage = source.damage
    told = (
        (damage.corrupt, "damaged"),
        (damage.unknown, "of another version"),
        (damage.repeated, "out of order"),
        (damage.torn, "torn off at the end"),
    )
    lines = ", ".join(f"{count:,} {word}" for count, word in told if count)
    missing = f"events missing: {damage.missing:,}" if damage.missing else ""
    parts = [f"lines not read: {lines}" if lines else "", missing]
    return "the record is damaged: " + "; ".join(part for part in parts if part)
