"""The user's variables as text that can be compared, on either side of the comparison.

A notebook's kernel and a script's process both call :func:`save`, so that values need not be
pickled, and classes that the notebook itself defines are fine.
"""

import hashlib
import json
import sys
import types

IPYTHON = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})
DEPTH = 20
PLAIN = (bool, int, float, complex, str, bytes, bytearray, range, type(None), type(...))


def save(variables, path):
    """Write name, kind and description of each; modules and what begins with ``_`` are no values.

    The kind is "value" where the description holds the whole value, else "type".
    """
    described = {
        name: describe(value, DEPTH)
        for name, value in sorted(variables.items())
        if not name.startswith("_")
        and name not in IPYTHON
        and not isinstance(value, types.ModuleType)
    }
    found = {name: [_kind(text), text] for name, text in described.items()}
    with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        json.dump(found, file)


def _kind(text):
    return "type" if text.startswith("<") else "value"


def describe(value, depth):
    """All of a plain value, array, table or container of these; ``<type>`` of others."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if depth == 0:
        return f"<{kind}>"
    if isinstance(value, PLAIN):
        return f"{kind}({value!r})"
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        return f"named {value.__module__}.{value.__qualname__}"
    if isinstance(value, list | tuple):
        return f"{kind}[{', '.join(describe(item, depth - 1) for item in value)}]"
    if isinstance(value, set | frozenset):
        return f"{kind}[{', '.join(sorted(describe(item, depth - 1) for item in value))}]"
    if isinstance(value, dict):
        return f"{kind}[{', '.join(_pairs(value, depth - 1))}]"
    return _array(value) or _table(value) or _own(value, depth - 1) or f"<{kind}>"


def _pairs(mapping, depth):
    for key, value in mapping.items():
        yield f"{describe(key, depth)}: {describe(value, depth)}"


def _array(value):
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.ndarray | numpy.generic):
        return ""
    if value.dtype.hasobject:
        content = repr(value.tolist())
    else:
        content = hashlib.sha256(numpy.ascontiguousarray(value).tobytes()).hexdigest()
    return f"{type(value).__qualname__} {value.dtype} {value.shape} {content}"


def _table(value):
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, pandas.DataFrame | pandas.Series | pandas.Index):
        return ""
    if isinstance(value, pandas.Index):
        return f"{type(value).__qualname__} {value.to_frame().to_csv()}"
    return f"{type(value).__qualname__} {value.dtypes} {value.to_csv()}"


def _own(value, depth):
    """An instance of a class of the notebook's own."""
    if type(value).__module__ != "__main__" or not hasattr(value, "__dict__"):
        return ""
    return f"{type(value).__qualname__}({', '.join(_pairs(vars(value), depth))})"
