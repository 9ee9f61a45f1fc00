"""DICOM objects → brightness."""
