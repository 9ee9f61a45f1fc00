"""What a careful person looks at before training: what a labelled folder holds, and what could mislead a model."""

from xrayscan.exploration.explore import Explored, ExploreSettings, explore
from xrayscan.exploration.page import write_explore_page

__all__ = ["ExploreSettings", "Explored", "explore", "write_explore_page"]
