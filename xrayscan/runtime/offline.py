"""What libraries report to their makers unless they are told not to: a scan tells nobody of anything."""

import os


def report_nothing() -> None:
    """Turn off ONNX Runtime's telemetry, on by default since 1.29, and the identifier that it keeps of this machine.

    It reads the environment once, when it is imported: call this before. What the user has set stays.
    Source: docs/Privacy.md of ONNX Runtime.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
