"""The packages, found rather than listed; ``plugins/`` is installed under a name that says whose they are."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["xrayscan", "xrayscan.*"]), "xrayscan_plugins"])
