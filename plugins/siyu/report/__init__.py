"""The report: one page for people about what is published, made after each night and by `siyu report`.

Here: reading a publication's numbers and putting them on a page. Not here: making a publication, or judging it.
"""

from siyu.report.read import Report, read_report
from siyu.report.write import WrittenReport, write_report

__all__ = ["Report", "WrittenReport", "read_report", "write_report"]
