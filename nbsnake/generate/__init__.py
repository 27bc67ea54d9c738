"""From the notebooks to the generated files: what to write, what differs, what is unchanged."""
