"""What the screens are made of. Widgets take plain values and never meet the engine."""
