"""The command line: thin commands over the engine and the screen."""
