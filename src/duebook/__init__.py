"""Duebook, the open back office for getting orders paid.

Folders are layers: each may import only from those below it. The list is in `.importlinter`.
"""

__version__ = "0.1.0"
