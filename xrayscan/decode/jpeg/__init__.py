"""JPEG streams, as files and inside DICOM."""
