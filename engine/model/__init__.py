"""The multilayer perceptron, written by hand and as ``nn.Sequential``, and how it is built."""
