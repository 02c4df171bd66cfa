"""Data by name: where it lies, how it is read, and minibatches of it on a device."""
