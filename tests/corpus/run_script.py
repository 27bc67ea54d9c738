"""Run a script as ``python SCRIPT`` does, then save its variables: ``run_script.py SCRIPT OUT``.

The script's names live in the module ``__main__``, as they do for Python and for Jupyter.
"""

import os
import sys
import types
from pathlib import Path

from describe import save


def main(script: str, out: str) -> None:
    module = types.ModuleType("__main__")
    module.__file__ = script
    sys.modules["__main__"] = module
    sys.argv[:] = [script]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    code = compile(Path(script).read_bytes(), script, "exec", dont_inherit=True)
    exec(code, vars(module))  # noqa: S102  (this is the script)
    save(vars(module), out)


if __name__ == "__main__":
    main(*sys.argv[1:])
