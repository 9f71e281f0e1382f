"""Rule sets in Spectral's format: `load` reads one, with everything it extends."""

from registry.compliance.rulesets.load import load
from registry.compliance.rulesets.model import InvalidRuleSet, Rule, RuleSet

__all__ = ["InvalidRuleSet", "Rule", "RuleSet", "load"]
