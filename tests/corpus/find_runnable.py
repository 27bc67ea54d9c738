"""Say which notebooks of the corpus can run here: ``find_runnable.py > runnable.txt``.

On standard error it says why each other one is left out. It takes minutes.
"""

import sys
import tempfile
from pathlib import Path

from corpus_files import get_corpus, notebooks_of
from corpus_values import Failed, compare


def main() -> None:
    corpus = get_corpus()
    for notebook in notebooks_of(corpus):
        with tempfile.TemporaryDirectory() as scratch:
            try:
                found = compare(corpus, notebook, Path(scratch))
            except Failed as reason:
                print(f"{notebook}: {reason}", file=sys.stderr)
                continue
        if found.is_equal and found.by_value:
            print(found.by_value, notebook, flush=True)
        else:
            print(f"{notebook}: {found}", file=sys.stderr)


if __name__ == "__main__":
    main()
