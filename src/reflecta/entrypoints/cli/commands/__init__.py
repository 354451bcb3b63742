"""The groups of commands, with their options and help. What they do stands in the modules they import."""
