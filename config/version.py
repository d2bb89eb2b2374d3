"""The one place that says which release this is; platforms run us without installing us."""

from typing import Final

VERSION: Final = "0.1.0"
