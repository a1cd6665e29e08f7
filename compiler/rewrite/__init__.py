"""What passes are written with: Pass, rules and Miss, the rule driver, pipelines and their runner."""

from __future__ import annotations

from mlc.rewrite.passes import NumericClass, Pass, option
from mlc.rewrite.pipeline import PipelineItem, parse_pipeline_text
from mlc.rewrite.rules import Miss, Rule, apply_rules, erase_dead, is_dead, symbols_defined_by
from mlc.rewrite.runner import Observer, PassResult, RunOptions, count_ops, run_passes

__all__ = [
    "Miss",
    "NumericClass",
    "Observer",
    "Pass",
    "PassResult",
    "PipelineItem",
    "Rule",
    "RunOptions",
    "apply_rules",
    "count_ops",
    "erase_dead",
    "is_dead",
    "option",
    "parse_pipeline_text",
    "run_passes",
    "symbols_defined_by",
]
