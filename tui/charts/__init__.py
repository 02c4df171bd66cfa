"""What charts are made of: values, scales and cells; no screen."""
