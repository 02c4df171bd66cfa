"""How others train the same net, each as its own documentation shows it.

784-256-10 with ReLU, N(0, 0.01²), SGD lr 0.1, batch 256, one thread. Only the pass over the
training set is timed, never the test pass, the drawing or the construction.
"""
