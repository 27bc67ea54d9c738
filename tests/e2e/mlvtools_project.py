"""A project as MLV-tools and DVC 0.x left it."""

import hashlib
import json

from e2e_project import Project, notebook_text

NOTEBOOKS = {
    "01 Split words.ipynb": (
        '''\
"""Write the words of one half.

:param str half: which half
:param str words: all words
:param str part: where this half goes
:dvc-cmd: dvc run -f $MLV_DVC_META_FILENAME -d ./data/words.csv -o ./data/first.csv
    -o ./data/second.csv
    "$MLV_PY_CMD_PATH --half first --words ./data/words.csv --part ./data/first.csv &&
    $MLV_PY_CMD_PATH --half second --words ./data/words.csv --part ./data/second.csv"
"""
half = "first"
words = "../data/words.csv"
part = "../data/first.csv"
''',
        "# No effect\nprint(half)\n",
        """\
with open(words) as file:
    lines = file.read().splitlines()
middle = len(lines) // 2
chosen = lines[:middle] if half == "first" else lines[middle:]
with open(part, "w") as file:
    file.write("\\n".join(chosen) + "\\n")
""",
    ),
    "02_Count.ipynb": (
        '''\
"""
:param str part_file: the words
:param str result: where the counts go
:param int min_length: shorter words do not count
:dvc-in part_file: ./data/first.csv
:dvc-out result: ./data/counts_first.json
:dvc-extra: --min-length 2
"""
part_file = "../data/first.csv"
result = "../data/counts_first.json"
min_length = 1
''',
        "import json\n",
        """\
counts = {}
for word in open(part_file).read().split():
    if len(word) >= min_length:
        counts[word] = counts.get(word, 0) + 1
with open(result, "w") as file:
    json.dump(counts, file, sort_keys=True)
""",
    ),
    "03_Report.ipynb": (
        '''\
"""
:param str counts: the counts
:param str report: where the report goes
:param str title: what stands above it
:dvc-in counts: {{ conf.folder }}/counts_first.json
:dvc-out report: {{ conf.folder }}/report.txt
:dvc-extra: --title "{{ conf.title }}"
"""
counts = "../data/counts_first.json"
report = "../data/report.txt"
title = "Any"
''',
        "# Only a look\ncounts\n",
        """\
import json

with open(report, "w") as file:
    file.write(f"{title}: {sum(json.load(open(counts)).values())} words\\n")
""",
    ),
}
IGNORED = ("# No effect", "# Only a look")
SETTINGS = {
    "path": {
        "python_script_root_dir": "./pipeline/steps",
        "dvc_cmd_root_dir": "./pipeline/dvc",
        "dvc_metadata_root_dir": "./pipeline/meta",
    },
    "ignore_keys": list(IGNORED),
    "docstring_conf": "./conf.yml",
    "dvc_var_python_cmd_name": "MLV_PY_CMD_NAME",
}
STEPS, COMMANDS, META = "pipeline/steps", "pipeline/dvc", "pipeline/meta"
STEMS = {
    "01 Split words.ipynb": "mlvtools_01_split_words",
    "02_Count.ipynb": "mlvtools_02_count",
    "03_Report.ipynb": "mlvtools_03_report",
}
PARAMS = {
    "01 Split words.ipynb": ("half", "words", "part"),
    "02_Count.ipynb": ("part_file", "result", "min_length"),
    "03_Report.ipynb": ("counts", "report", "title"),
}
WORDS = b"a,1\r\nbee,2\r\nsea,3\r\nd,4\r\n"
COMMAND_FILE = """\
#!/bin/bash -eu
usage() {{ echo "$0 usage:" && grep " .*)\\ #" $0; exit 0; }}
NO_CACHE_OPT=''
options=$(getopt -l "help,no-cache" -o "h" -a -- "$@")
eval set -- "$options"

while true; do
    case $1 in
        -h|--help) # Display help
            usage
            ;;
        --no-cache) # Disable cache
            NO_CACHE_OPT=' --ignore-build-cache'
        ;;
        --)
            shift
            break;;
    esac
    shift
done



pushd "."
set -x
MLV_PY_CMD_PATH="pipeline/steps/{stem}.py"
    MLV_PY_CMD_NAME="{stem}.py"
    {variables}
    # META FILENAME, MODIFY IF DUPLICATE
MLV_DVC_META_FILENAME="pipeline/meta/{meta}.dvc"

{run}


popd
"""
SPLIT_RUN = """\
dvc run -f $MLV_DVC_META_FILENAME -d ./data/words.csv -o ./data/first.csv \\
-o ./data/second.csv \\
"$MLV_PY_CMD_PATH --half first --words ./data/words.csv --part ./data/first.csv && \\
$MLV_PY_CMD_PATH --half second --words ./data/words.csv --part ./data/second.csv"\
"""
COUNT_RUN = """\
dvc run${NO_CACHE_OPT} --overwrite-dvcfile -f $MLV_DVC_META_FILENAME \\
-d $PART_FILE \\
    -o $RESULT \\
    pipeline/steps/mlvtools_02_count.py --min-length 2 --part-file $PART_FILE --result $RESULT\
"""
COUNT = 'PART_FILE="./data/first.csv"\n    RESULT="./data/counts_first.json"'
COUNT_SECOND = 'PART_FILE="./data/second.csv"\n    RESULT="./data/counts_second.json"'
REPORT_RUN = """\
dvc run${NO_CACHE_OPT} --overwrite-dvcfile -f $MLV_DVC_META_FILENAME \\
-d $COUNTS \\
    -o $REPORT \\
    pipeline/steps/mlvtools_03_report.py --title "All of it" --counts $COUNTS --report $REPORT\
"""
REPORT = 'COUNTS="data/counts_first.json"\n    REPORT="data/report.txt"'
SPLIT_CMD = " && ".join(
    f"pipeline/steps/mlvtools_01_split_words.py --half {half} --words ./data/words.csv "
    f"--part ./data/{half}.csv"
    for half in ("first", "second")
)
COUNT_CMD = "pipeline/steps/mlvtools_02_count.py --min-length 2 --part-file {} --result {}"


def old_script(name: str) -> str:
    """The script that MLV-tools made of a notebook: all in one function, reformatted."""
    first, *cells = NOTEBOOKS[name]
    params = PARAMS[name]
    docstring = first.split('"""')[1]
    kept = [cell for cell in cells if not any(word in cell for word in IGNORED)]
    body = "\n\n".join(cell.replace('"', "'") for cell in kept)
    head = "#!/usr/bin/env python3\n# Generated from ./notebooks/" + name + "\nimport argparse\n"
    lines = [f'"""{docstring}"""', "# # A title", *body.splitlines()]
    function = "\n".join(f"    {line}".rstrip() for line in lines)
    arguments = "\n".join(
        f"    parser.add_argument('--{param.replace('_', '-')}', type=str, required=True,\n"
        f'                        help="any")\n'
        for param in params
    )
    return (
        f"{head}\n\ndef {STEMS[name]}({', '.join(f'{param}: str' for param in params)}):\n"
        f"{function}\n\n\nif __name__ == '__main__':\n"
        f"    parser = argparse.ArgumentParser(description='Command for script {STEMS[name]}')\n\n"
        f"{arguments}\n    args = parser.parse_args()\n\n"
        f"    {STEMS[name]}({', '.join(f'args.{param}' for param in params)})\n"
    )


def old_stage(cmd: str, deps: list[str], outs: list[str], wdir: str = ".", flags: str = "") -> str:
    """A stage file as DVC 0.x wrote it."""
    keys = flags or "  cache: true\n  metric: false\n  persist: false\n"
    md5 = "60b725f10c9c85c70d97880dfe8191b3"
    return (
        f"md5: bacb0acc9c8b242e16406f75d569f8c0\ncmd: {json.dumps(cmd)}\nwdir: {wdir}\n"
        "deps:\n"
        + "".join(f"- md5: {md5}\n  path: {path}\n" for path in deps)
        + ("outs:\n" if outs else "")
        + "".join(f"- md5: {md5}\n  path: {path}\n{keys}" for path in outs)
    )


def write_old_project(project: Project) -> None:
    project.git("init", "--quiet")
    project.dvc("init", "--quiet")
    project.write(".mlvtools", json.dumps(SETTINGS, indent=4))
    project.write("conf.yml", "folder: data\ntitle: All of it\n")
    for name, cells in NOTEBOOKS.items():
        project.write(f"notebooks/{name}", notebook_text(["# A title", *cells]))
        project.write(f"{STEPS}/{STEMS[name]}.py", old_script(name))
    _write_commands(project)
    _write_stages(project)
    _write_source(project)
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "as MLV-tools left it")


def _write_commands(project: Project) -> None:
    for name, meta, variables, run in (
        ("01_split_words", "01_split_words", "", SPLIT_RUN),
        ("02_count", "02_count", COUNT, COUNT_RUN),
        ("02_count", "02_second_count", COUNT_SECOND, COUNT_RUN),
        ("03_report", "03_report", REPORT, REPORT_RUN),
    ):
        text = COMMAND_FILE.format(
            stem=f"mlvtools_{name}", meta=f"mlvtools_{meta}", variables=variables, run=run
        )
        project.write(f"{COMMANDS}/mlvtools_{meta}_dvc", text)


def _write_stages(project: Project) -> None:
    first, counts = "data/first.csv", "data/counts_first.json"
    second, others = "data/second.csv", "data/counts_second.json"
    report = "pipeline/steps/mlvtools_03_report.py --title 'All of it'"
    stages = {
        f"{META}/mlvtools_01_split_words": (SPLIT_CMD, ["data/words.csv"], [first, second]),
        f"{META}/mlvtools_02_count": (
            COUNT_CMD.format(f"./{first}", f"'./{counts}'"),
            [first],
            [counts],
        ),
        f"{META}/mlvtools_02_second_count": (
            COUNT_CMD.format(f"./{second}", f"./{others}"),
            [second],
            [others],
        ),
        f"{META}/mlvtools_03_report": (
            f"{report} --counts '{counts}' --report data/report.txt",
            [counts],
            ["data/report.txt"],
        ),
    }
    for path, (cmd, deps, outs) in stages.items():
        project.write(f"{path}.dvc", old_stage(cmd, deps, outs, wdir="../.."))
    flags = "  cache: false\n  metric: true\n  persist: false\n"
    cmd = 'N=$(wc -l < data/report.txt); echo "{\\"n\\": ${N}}" > size.json'
    project.write("Size.dvc", old_stage(cmd, ["data/report.txt"], ["size.json"], flags=flags))
    project.write("data/.gitignore", "/words.csv\n/first.csv\n/second.csv\n/report.txt\n")


def _write_source(project: Project) -> None:
    """A text file with DOS line ends, added by DVC 0.x: hashed and cached as DVC 0.x did."""
    md5 = hashlib.md5(WORDS.replace(b"\r\n", b"\n")).hexdigest()
    (project.root / "data/words.csv").write_bytes(WORDS)
    cached = project.root / f".dvc/cache/{md5[:2]}/{md5[2:]}"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(WORDS)
    text = f"md5: f2202be8e4a6fa49a78968595df2bd64\nouts:\n- md5: {md5}\n  path: words.csv\n"
    keys = "  cache: true\n  metric: false\n  persist: false\n"
    project.write("data/words.csv.dvc", f"{text}{keys}")


GENERATED = {
    *(f"{STEPS}/{stem}.py" for stem in STEMS.values()),
    *(f"{COMMANDS}/{stem}_dvc" for stem in STEMS.values()),
}
STAGES = {f"{META}/{stem}.dvc" for stem in STEMS.values()}
COPY = f"{COMMANDS}/mlvtools_02_second_count_dvc"
COPY_STAGE = f"{META}/mlvtools_02_second_count.dvc"
USE = (
    "a use of notebooks/02_Count.ipynb written by hand: reads data/second.csv; "
    "writes data/counts_second.json; runs mlvtools_02_count.py --min-length 2 "
    "--part-file data/second.csv --result data/counts_second.json; "
)
