"""Starts the runner beside this file, as a module of its own: ``__main__`` is the script's alone.

Python compiles the file that it is called with each time, and keeps the code of modules: so this
one is short. With the standard library of Python 3.8 or newer, as the runner.
"""

import os
import sys
from importlib.machinery import SourceFileLoader

_path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "runner.py")
_runner = sys.modules["_nbsnake_runner"] = type(sys)("_nbsnake_runner")
_runner.__file__ = _path
SourceFileLoader("_nbsnake_runner", _path).exec_module(_runner)
_runner.main()
