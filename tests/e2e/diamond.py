"""The notebooks of end-to-end tests: a diamond of four steps that count their runs."""

COUNTED = """\
import os
import time


def write_slowly(path, text):
    with open(os.environ["COUNT_FILE"], "a") as counts:
        counts.write("{step}\\n")
    half = len(text) // 2
    with open(path, "w") as file:
        file.write(text[:half])
        file.flush()
        if "{step}" in ("left", "right"):
            time.sleep(float(os.environ.get("STEP_SECONDS", "0")))
            while os.path.exists(os.environ.get("HOLD_FILE", "")):
                time.sleep(0.02)
        file.write(text[half:])
"""
MAKE = [
    "# Make the numbers",
    '''\
"""Repeat the numbers of the raw text.

:param raw: the raw text
:param numbers: where the numbers go
:param int repeat: how often each number is written
:dvc-in raw: data/raw.txt
:dvc-out numbers: data/numbers.txt
"""
raw = "../data/raw.txt"
numbers = "../data/numbers.txt"
repeat = 2
''',
    COUNTED.format(step="make"),
    """\
with open(raw) as file:
    words = file.read().split()
write_slowly(numbers, "".join(f"{word}\\n" * repeat for word in words))
""",
]
LEFT = [
    "# The left branch",
    '''\
"""Multiply the numbers.

:param numbers: the numbers
:param product: where the products go
:param int factor: what they are multiplied with
:dvc-in numbers: data/numbers.txt
:dvc-out product: results of all/left.txt
"""
numbers = "../data/numbers.txt"
product = "../results of all/left.txt"
factor = 3
''',
    COUNTED.format(step="left"),
    "# No effect\nprint('only for the eye')\n",
    """\
with open(numbers) as file:
    values = [int(line) for line in file]
os.makedirs(os.path.dirname(product), exist_ok=True)
write_slowly(product, "".join(f"{value * factor}\\n" for value in values))
""",
]
RIGHT = [
    "# The right branch",
    '''\
"""Write every number into a file of its own.

:param numbers: the numbers
:param parts: the folder of these files
:param str word: what is written in front of the number
:dvc-in numbers: data/numbers.txt
:dvc-out parts: data/parts/
"""
numbers = "../data/numbers.txt"
parts = "../data/parts"
word = "n"
''',
    COUNTED.format(step="right"),
    """\
with open(numbers) as file:
    values = file.read().split()
os.makedirs(os.path.join(parts, "inner"), exist_ok=True)
for place, value in enumerate(values):
    with open(os.path.join(parts, "inner", f"{place}.txt"), "w") as file:
        file.write(f"{word}{value}\\n")
write_slowly(os.path.join(parts, "count.txt"), f"{len(values)} numbers\\n")
""",
]
JOIN = [
    "# Join the branches",
    '''\
"""Join what both branches wrote.

:param product: the products
:param parts: the folder of numbers
:param joined: where all of it goes
:param metrics: where the sum goes
:dvc-in product: results of all/left.txt
:dvc-in parts: data/parts/
:dvc-out joined: joined.txt
:dvc-metric metrics: metrics.json
"""
product = "../results of all/left.txt"
parts = "../data/parts"
joined = "../joined.txt"
metrics = "../metrics.json"
''',
    COUNTED.format(step="join"),
    """\
import json

with open(product) as file:
    products = file.read()
inner = os.path.join(parts, "inner")
texts = [open(os.path.join(inner, name)).read() for name in sorted(os.listdir(inner))]
with open(metrics, "w") as file:
    json.dump({"sum": sum(map(int, products.split()))}, file)
write_slowly(joined, products + "".join(texts))
""",
]
NOTEBOOKS = {"make": MAKE, "left": LEFT, "right": RIGHT, "join": JOIN}
PARAMS = """\
make:
  repeat: 2
left:
  factor: 3
right:
  word: "-it's {all} of ${it} \\"$HOME\\" "
"""
OUTPUTS = ("data/numbers.txt", "results of all/left.txt", "data/parts", "joined.txt")
NOTHING = "Nothing to be done"
