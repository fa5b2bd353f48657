"""YAML text to plain data with a line and column for every node. See crm.lib.yaml_marks."""

from crm.lib.yaml_marks import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_NODES, Loaded, load

__all__ = ["MAX_ALIASES", "MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Loaded", "load"]
