"""What is wrong with an installation, each finding with its cure; with and without a running gateway."""

from gsmgw.doctor.bundle import write_bundle
from gsmgw.doctor.examination import Examination, examine
from gsmgw.doctor.findings import Finding, Level

__all__ = ["Examination", "Finding", "Level", "examine", "write_bundle"]
