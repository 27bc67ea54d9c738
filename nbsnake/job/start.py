"""Starts the runner beside this file, as a package of its own: ``__main__`` is the script's alone.

Python compiles the file that it is called with each time, and keeps the code of modules: so this
one is short. With the standard library of Python 3.8 or newer, as the runner.
"""

import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader

_folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "runner")
_path = os.path.join(_folder, "__init__.py")
_loader = SourceFileLoader("_nbsnake_runner", _path)
_runner = sys.modules["_nbsnake_runner"] = type(sys)("_nbsnake_runner")
_runner.__spec__ = ModuleSpec("_nbsnake_runner", _loader, is_package=True)
_runner.__package__, _runner.__path__, _runner.__file__ = "_nbsnake_runner", [_folder], _path
_loader.exec_module(_runner)
_runner.main()
