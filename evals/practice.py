"""Tells whoever edits the rules of a language which practice texts they miss and which they hold without need.

    python -m evals.practice nl

Prints each text with the rule that holds it, or with 'missed', and the counts. A rule that no text needs is named
beside one that does: 'alone' counts the texts with a sign that no other rule finds.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from evals.cases import TEXTS
from evals.risk import INDIRECT, PRACTICE, Sample, load_samples
from reflecta.adapters.risk_rules import load_risk_rules
from reflecta.domain.risk import RiskRules


def told(rules: RiskRules, signs: Sequence[Sample], calm: Sequence[Sample]) -> list[str]:
    """Give the lines that tell how the rules do on texts with a sign and on calm ones."""
    found = [(sample, rules.find_all(sample.text)) for sample in signs]
    held = [(sample, rules.find_all(sample.text)) for sample in calm]
    alone = Counter(findings[0].rule for _, findings in found if len(findings) == 1)
    missed = [sample for sample, findings in found if not findings]
    needless = [(sample, findings) for sample, findings in held if findings]
    return [
        *(f"missed [{sample.sign}, {sample.group}] {sample.text}" for sample in missed),
        *(
            f"held [{sample.group}] by {', '.join(f'{one.rule} (alone {alone[one.rule]})' for one in findings)}: "
            f"{sample.text}"
            for sample, findings in needless
        ),
        f"{len(missed)} of {len(found)} missed, {len(needless)} of {len(held)} held",
        *(f"  {kind}: {count} held" for kind, count in Counter(sample.group for sample, _ in needless).items()),
    ]


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", help="such as nl")
    language: str = parser.parse_args().language
    rules = load_risk_rules()
    signs, ordinary, diaries = (
        [sample for sample in load_samples(TEXTS / PRACTICE / kind) if sample.language == language]
        for kind in ("crisis", "ordinary", "diaries")
    )
    if not signs:
        print(f"no practice texts in {language!r}; see {TEXTS / PRACTICE}", file=sys.stderr)  # noqa: T201 - as below
        return 2
    print(*told(rules, [one for one in signs if one.group != INDIRECT], [*ordinary, *diaries]), sep="\n")  # noqa: T201 - a command's output
    return 0


if __name__ == "__main__":
    sys.exit(_main())
