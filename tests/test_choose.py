"""Steps are chosen by name, by pattern, by notebook."""

import pytest

from nbsnake.errors import UsageError
from nbsnake.model.choose import choose_steps

STEPS = {"load": "nb/load.ipynb", "train": "nb/01 Train.ipynb", "train_all": "nb/all.ipynb"}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["load", "train", "train_all"]),
        (["train"], ["train"]),
        (["train*"], ["train", "train_all"]),
        (["nb/01 Train.ipynb"], ["train"]),
        (["./nb/all.ipynb", "load"], ["load", "train_all"]),
        (["[lt]*d", "load"], ["load"]),
    ],
)
def test_words_name_steps(words, names):
    assert choose_steps(words, STEPS) == names


@pytest.mark.parametrize(
    ("words", "hint"),
    [(["trian"], "did you mean 'train'?"), (["zzz*"], "steps: load, train, train_all")],
)
def test_word_that_names_no_step_is_a_wrong_call(words, hint):
    with pytest.raises(UsageError) as raised:
        choose_steps(["load", *words], STEPS)
    assert raised.value.hint == hint


def test_project_without_steps_has_none_to_choose():
    assert choose_steps([], {}) == []
    with pytest.raises(UsageError, match="no such step"):
        choose_steps(["a"], {})
