"""The engine process: runs one after another, steered over a private socket."""
