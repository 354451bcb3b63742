"""Puts findings on standard output: each with how bad it is and what mends it."""

from collections.abc import Mapping, Sequence

from reflecta.application.doctor import Finding, Level, is_well
from reflecta.entrypoints.cli.output import Output


def findings_view(findings: Sequence[Finding]) -> Mapping[str, object]:
    """Give findings as a JSON document."""
    told = [{"name": f.name, "level": f.level.value, "text": f.text, "fix": f.fix} for f in findings]
    return {"ok": is_well(findings), "findings": told}


def print_findings(output: Output, findings: Sequence[Finding]) -> None:
    """Print findings, one after the other."""
    for finding in findings:
        output.verdict(f"{finding.level.value}", f"{finding.name}: {finding.text}")
        if finding.fix is not None:
            output.line(f"      to mend: {finding.fix}")
    if all(finding.level is Level.OK for finding in findings):
        output.line("All is well.")
