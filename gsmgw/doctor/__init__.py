"""Checks of an installation. Each finding names its cure. Works with and without a running gateway."""

from gsmgw.doctor.bundle import write_bundle
from gsmgw.doctor.examination import Examination, examine
from gsmgw.doctor.findings import Finding, Level

__all__ = ["Examination", "Finding", "Level", "examine", "write_bundle"]
