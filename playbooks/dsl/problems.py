"""What is wrong with a document, and where: the words that playbooks share with scorecards. See crm.lib.yaml_marks."""

from crm.lib.yaml_marks import DocumentError, Finding, Path, Problem, did_you_mean, nearest

__all__ = ["DocumentError", "Finding", "Path", "Problem", "did_you_mean", "nearest"]
