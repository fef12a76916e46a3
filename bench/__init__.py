"""Measures our endpoints against a neighbour and a bare floor, side by side in one run.

Owns the floor, the neighbour's adapters, the load generator and the report; no part of the
product. Figures are ratios of CPU microseconds per correct operation: see README.md in this folder.
"""
