"""The page "Compare": what do fewer bits cost me?"""

from __future__ import annotations
