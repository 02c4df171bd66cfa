"""Predictions that the experiments are held against: pure functions, each with its source.

Second moments follow the field's names: q = E z² of a pre-activation, σw² = fan_in·Var[w],
σb² = Var[b]. Nothing here draws random numbers or knows how anything is measured.
"""
