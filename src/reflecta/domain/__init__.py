"""Pure rules over plain data: no clock, no randomness, no I/O; now and draws are arguments."""
