"""Reports: what checks found, in the form that its reader needs; `render` knows them all."""

from registry.compliance.report.formats import FORMATS, ReportFormat, render

__all__ = ["FORMATS", "ReportFormat", "render"]
