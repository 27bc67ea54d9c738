"""Projects as they are found: folders of notebooks in the shapes that public repositories have."""

import json
from pathlib import Path

PARAMETERS = {"tags": ["parameters"]}


def write(root: Path, path: str, text: str) -> None:
    """Write a file of the project."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def notebook(root: Path, path: str, *cells: str, tagged: bool = False) -> None:
    """Write a notebook; ``tagged`` is whether its first cell holds papermill's parameters."""
    fields = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": 1,
                "id": f"cell-{number}",
                "metadata": PARAMETERS if tagged and not number else {},
                "outputs": [{"name": "stdout", "output_type": "stream", "text": ["kept\n"]}],
                "source": cell.splitlines(keepends=True),
            }
            for number, cell in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    write(root, path, json.dumps(fields, indent=1) + "\n")


def numbered(root: Path) -> None:
    """Numbers and versions in names, a folder for figures, results that git tracks."""
    write(root, "data/raw.csv", "a\n1\n2\n")
    write(root, "figures/sum.txt", "of last year\n")
    notebook(
        root,
        "notebooks/01_clean.ipynb",
        'import csv\nimport os\nDATA = "../data"\nos.makedirs(f"{DATA}/clean", exist_ok=True)',
        'rows = list(csv.DictReader(open(os.path.join(DATA, "raw.csv"))))\nLIMIT = 1',
        'with open(f"{DATA}/clean/rows.txt", "w") as file:\n'
        '    file.writelines(f"{row[\'a\']}\\n" for row in rows if int(row["a"]) > LIMIT)',
    )
    for name, factor in (("02_sum_v1", 1), ("02_sum_v2", 2), ("02_sum_v3_final", 3)):
        notebook(
            root,
            f"notebooks/{name}.ipynb",
            f"factor = {factor}",
            'total = factor * sum(map(int, open("../data/clean/rows.txt")))',
            'print(total, file=open("../figures/sum.txt", "w"))',
        )


def on_a_server(root: Path) -> None:
    """Absolute paths of a server, and a change of the folder."""
    write(root, "data/raw.txt", "3\n")
    notebook(
        root,
        "load.ipynb",
        "import os\nos.chdir('/app')",
        "n = int(open('/app/data/raw.txt').read())",
        "open('data/n.txt', 'w').write(str(n * 2))",
    )
    notebook(
        root,
        "report.ipynb",
        "%cd /app",
        "from pathlib import Path\nBASE = Path('/home/ann/project')",
        "(BASE / 'report.txt').write_text(Path('data/n.txt').read_text())",
    )


def with_a_snakefile(root: Path) -> None:
    """An own Snakefile whose rules run notebooks over samples, beside others."""
    for sample in "ab":
        write(root, f"data/{sample}.txt", f"{sample}\n")
    notebook(
        root,
        "notebooks/count.ipynb",
        "factor = snakemake.params.factor",
        "text = open(snakemake.input[0]).read() + snakemake.wildcards.sample",
        'with open(snakemake.output.counts, "w") as file:\n    file.write(text * factor)',
    )
    write(
        root,
        "Snakefile",
        """\
SAMPLES = ["a", "b"]


rule all:
    input:
        "results/all.txt",


rule count:
    input:
        "data/{sample}.txt",
    output:
        counts="results/{sample}.txt",
    params:
        factor=3,
    notebook:
        "notebooks/count.ipynb"


rule join:
    input:
        expand("results/{sample}.txt", sample=SAMPLES),
    output:
        "results/all.txt",
    shell:
        "cat {input} > {output}"
""",
    )


def with_papermill(root: Path) -> None:
    """Stages of dvc.yaml that run notebooks by papermill and nbconvert, beside a plain one."""
    write(root, "data/raw.txt", "5\n")
    notebook(
        root,
        "notebooks/prepare.ipynb",
        'source = ""\ntarget = ""\nrate = 0.1',
        'open(target, "w").write(open(source).read() * int(rate * 10))',
        tagged=True,
    )
    notebook(
        root,
        "notebooks/report.ipynb",
        'open("../out/report.txt", "w").write(open("../out/prepared.txt").read())',
    )
    write(
        root,
        "dvc.yaml",
        """\
# Stages of last year
stages:
  prepare:
    cmd: papermill notebooks/prepare.ipynb out/prepare.ipynb -p source data/raw.txt
      -p target out/prepared.txt -p rate 0.5
    deps:
    - notebooks/prepare.ipynb
    - data/raw.txt
    outs:
    - out/prepared.txt
    - out/prepare.ipynb
  report:
    cmd: jupyter nbconvert --to notebook --execute --inplace notebooks/report.ipynb
    deps: [out/prepared.txt]
    outs: [out/report.txt]
  copy:  # a plain one
    cmd: cp data/raw.txt out/copy.txt
    deps: [data/raw.txt]
    outs: [out/copy.txt]
""",
    )


def with_ploomber(root: Path) -> None:
    """Ploomber's tasks."""
    write(root, "raw.txt", "7\n")
    notebook(
        root,
        "load.ipynb",
        "upstream = None\nproduct = None\nn = 2",
        'open(product["data"], "w").write(open("raw.txt").read() * n)',
        tagged=True,
    )
    notebook(
        root,
        "fit.ipynb",
        'upstream = ["load"]\nproduct = None',
        'open(product["model"], "w").write(open(upstream["load"]["data"]).read())',
        tagged=True,
    )
    write(
        root,
        "pipeline.yaml",
        """\
tasks:
  - source: load.ipynb
    product: {nb: "{{path}}/load.ipynb", data: "{{path}}/data.txt"}
    params: {n: 5}
  - source: fit.ipynb
    product: {nb: "{{path}}/fit.ipynb", model: "{{ path }}/model.txt"}
""",
    )
    write(root, "env.yaml", "path: out\n")


def with_large_data(root: Path) -> None:
    """A large source that nothing tracks, many files of a pattern, and a computed folder."""
    write(root, "data/large.txt", "1\n" * 600_000)
    for number in range(3):
        write(root, f"data/parts/{number}.txt", f"{number}\n")
    write(root, ".gitignore", "data/large.txt\n")
    notebook(
        root,
        "analysis.ipynb",
        "from glob import glob\nfrom pathlib import Path",
        'lines = sum(1 for line in open("data/large.txt"))',
        'texts = {Path(p).stem: open(p).read() for p in sorted(glob("data/parts/*.txt"))}',
        'OUT = Path("out") / "each"\nOUT.mkdir(parents=True, exist_ok=True)',
        "for name, text in texts.items():\n"
        '    with open(OUT / f"{name}.txt", "w") as file:\n'
        '        file.write(f"{lines} {text}")',
    )


def with_chains(root: Path) -> None:
    """Chains of pathlib from the working directory, a name that is reserved, and old copies."""
    for name in "ab":
        write(root, f"data/raw/{name}.csv", "v\n1\n2\n")
    start = """from pathlib import Path
import json
ROOT = Path.cwd().parent
DATA = ROOT / 'data'
RAW = DATA.joinpath('raw')
OUT = DATA / 'interim'
OUT.mkdir(exist_ok=True)"""
    loop = """for p in sorted(RAW.glob('*.csv')):
    rows = p.read_text().splitlines()[1:]
    (OUT / f'{p.stem}.json').write_text(json.dumps(list(map(int, rows))))"""
    stats = (start, loop)
    notebook(root, "notebooks/01-stats.ipynb", *stats)
    notebook(root, "notebooks/archive/2023/01-stats.ipynb", *stats)
    notebook(
        root,
        "notebooks/02-all.ipynb",
        "from pathlib import Path\nimport json\nHERE = Path('.').resolve()\n"
        "INTERIM = HERE.parents[0] / 'data' / 'interim'",
        "total = sum(sum(json.loads(p.read_text())) for p in INTERIM.iterdir())",
        "target = (INTERIM.parent / 'total').with_suffix('.json')\n"
        "with target.open('w') as file:\n    json.dump(total, file)",
    )
