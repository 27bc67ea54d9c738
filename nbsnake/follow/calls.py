"""Which calls read or write files, and which of their arguments are paths.

Libraries keep to a few verbs: ``read_csv``, ``imread``, ``load``, ``to_parquet``, ``savefig``. The
verb decides where the argument looks like a path, so that a library need not be known.
"""

import re
from enum import StrEnum

PATH_LIKE = re.compile(
    r"(?![A-Za-z][\w+.-]*://)(?=.{3})[^\n\0%<>|]*(?:/[^\n\0/ ]|\.[A-Za-z]\w{0,8}$)[^\n\0%<>|]*"
)


class How(StrEnum):
    """What a call does with a path."""

    READ = "read"
    WRITE = "write"
    BOTH = "both"  # append, or open for reading and writing
    LIST = "list"  # the files of a folder
    GLOB = "glob"
    MAKE = "make"  # a folder
    ASK = "ask"  # whether it exists, or what its parts are
    PASS = "pass"  # noqa: S105  (handed to a function of which nothing is known)


_WRITTEN = (
    "csv|excel|feather|file|fwf|gbq|hdf|html|ipc|json|latex|markdown|netcdf|ndjson|orc|parquet"
    "|pickle|stata|wkb|wkt|xml|yaml|zarr|gpkg|geojson|image|npy|avro|delta"
)
_NO_FILES = frozenset(
    {"load_dataset", "load_ext", "loads", "dumps", "read_clipboard", "read_sql", "read_sql_query"}
    | {"read_sql_table", "load_module", "open_new_tab", "load_table", "save_state"}
)
_READ = re.compile(
    r"(?:read|load|scan|open|parse|import)_\w+|i?m?imread|load|genfromtxt|loadtxt|fromfile|from_file"
    r"|from_(?:csv|json|yaml|parquet)|ExcelFile|Parquet(?:File|Dataset)|read_text|read_bytes"
    r"|load[A-Z]\w*|read[A-Z]\w*|Audio|Video|Image|imdecode|safe_open|connect|from_pretrained"
)
_WRITE = re.compile(
    r"(?:save|write|dump|export|sink)_\w+|save|savefig|savetxt|savez\w*|dump|i?m?imwrite|imsave|writeto"
    r"|mimsave|touch|tofile|to_(?:" + _WRITTEN + r")|\w*Writer|FileHandler|ModelCheckpoint"
    r"|CSVLogger|save[A-Z]\w*|write[A-Z]\w*|save_pretrained|render_to_file|extractall|write_image"
)
_OWN_WORD = {"read": How.READ, "write": How.WRITE}  # of a module; of a file, they take no path
_MODES = {
    "open": 1,
    "File": 1,
    "ZipFile": 1,
    "HDFStore": 1,
    "TarFile": 1,
    "Dataset": 1,
    "memmap": 2,
}
_PAIRS = frozenset(
    {"copy", "copy2", "copyfile", "copytree", "move", "rename", "replace", "symlink"}
)
_MAKES = frozenset({"makedirs", "mkdir", "ensure_dir", "mkdtemp"})
_LISTS = frozenset({"listdir", "scandir", "walk", "iterdir", "ImageFolder", "flow_from_directory"})
_GLOBS = frozenset({"glob", "iglob", "rglob"})
_ASKS = frozenset(
    {"exists", "isfile", "isdir", "is_file", "is_dir", "getsize", "getmtime", "stat", "lexists"}
    | {"remove", "unlink", "rmtree", "rmdir", "removedirs"}
)
ON_PATHS = frozenset(
    {"open", "read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "glob", "rglob"}
    | {
        "mkdir",
        "touch",
        "exists",
        "is_file",
        "is_dir",
        "unlink",
        "stat",
        "rmdir",
        "rename",
        "replace",
    }
)


def mode_position(name: str, *, on_path: bool) -> int | None:
    """Which argument of a call is the mode of a file, None for a call that has none."""
    if on_path and name == "open":
        return 0
    return _MODES.get(name)


def how_of(name: str, dotted: str, mode: str | None, *, on_path: bool) -> How | None:
    """What a call does with its paths by its verb, None where the verb does not say.

    ``dotted`` is the name with its module, "" where that is not known; ``mode`` is that of a file,
    None where the call has none.
    """
    if name in _NO_FILES:
        return None
    if name in _MODES:
        return _how_of_mode(mode or ("a" if name == "HDFStore" else "r"))
    for names, how in (
        (_MAKES, How.MAKE),
        (_LISTS, How.LIST),
        (_GLOBS, How.GLOB),
        (_ASKS, How.ASK),
    ):
        if name in names:
            return how
    if name in _OWN_WORD:
        return _OWN_WORD[name] if "." in dotted and not dotted.startswith("sys.") else None
    if name == "urlretrieve" or _WRITE.fullmatch(name):
        return How.WRITE
    if name in ("rename", "replace") and on_path:
        return How.WRITE
    return How.READ if _READ.fullmatch(name) else None


def is_pair(name: str, dotted: str) -> bool:
    """Whether a call reads its first path and writes its second."""
    return name in _PAIRS and dotted.partition(".")[0] in ("shutil", "os")


def takes_any_text(name: str) -> bool:
    """Whether the first argument is a path whatever it looks like."""
    return name in _MODES or name in _LISTS | _GLOBS | _MAKES


def expects_path(name: str) -> bool:
    """Whether a call for sure takes a path, so that one that is computed leaves a gap."""
    return name in ("open", *_GLOBS) or name.startswith(("read_csv", "read_parquet", "to_csv"))


def _how_of_mode(mode: str) -> How:
    if set("a+") & set(mode):
        return How.BOTH
    return How.WRITE if set("wx") & set(mode) else How.READ
