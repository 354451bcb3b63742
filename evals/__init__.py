"""What the checks, the risk rules and the judge let through and refuse, on labelled texts written for it."""
