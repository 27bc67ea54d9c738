"""From what authors wrote to a proven pipeline: every parameter bound, every file linked."""
