"""Named rules of the field, each with its formula and source.

Importing these modules does not import torch, so that menus, flags and help are there at once;
torch is met through the tensors that a rule is given.
"""
