"""Files over SSH, by an ``ssh`` that runs the commands here."""

import re

import pytest

from nbsnake.job import overssh, patience, transfer

# Notes its words, and runs the last one; refuses once where there is a text to say.
SSH = """\
#!/bin/sh
for word; do printf '%s\\n' "$word" >>{folder}/words; done
if [ -s {folder}/refusal ]; then cat {folder}/refusal >&2; rm {folder}/refusal; exit 255; fi
exec sh -c "$word"
"""


@pytest.fixture
def url(folder, monkeypatch):
    (folder / "bin").mkdir()
    (folder / "bin/ssh").write_text(SSH.format(folder=folder))
    (folder / "bin/ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}/bin:/usr/bin:/bin")
    monkeypatch.setattr(patience, "PAUSE", 0.01)
    return overssh.url_of("far", f"{folder}/it's far/$HOME/a b", "ada l", 2222)


def test_what_is_sent_is_there_until_it_is_removed(url, folder):
    (folder / "a").write_bytes(b"content")
    assert not transfer.is_there(url)
    transfer.send("a", url)
    assert transfer.is_there(url)
    assert (folder / "it's far/$HOME/a b").read_bytes() == b"content"
    transfer.fetch(url, "b")
    assert (folder / "b").read_bytes() == b"content"
    assert overssh.has_md5(url, "9a0364b9e99bb480dd25e1f0284c8555")
    assert not overssh.has_md5(url, "0" * 32)
    overssh.move(url, f"{folder}/to/o'ther")
    assert (folder / "to/o'ther").read_bytes() == b"content"
    transfer.forget(url)
    assert not (folder / "it's far/$HOME").exists()
    words = (folder / "words").read_text().splitlines()
    assert words[:8] == ["-o", "BatchMode=yes", "-p", "2222", "-l", "ada l", "--", "far"]


def test_what_is_absent_is_not_waited_for(url):
    with pytest.raises(OSError, match="No such file"):
        transfer.fetch(url, "b")


def test_a_machine_that_is_away_is_waited_for(url, folder, capfd):
    (folder / "a").write_bytes(b"content")
    (folder / "refusal").write_text("ssh: connect to host far port 2222: Connection refused\n")
    transfer.send("a", url)
    assert "trying again" in capfd.readouterr().err
    transfer.fetch(url, "b")
    assert (folder / "b").read_bytes() == b"content"


@pytest.mark.parametrize(
    "said", ["ada@far: Permission denied (publickey).", "Host key verification failed."]
)
def test_a_machine_that_does_not_let_us_in_is_not_waited_for(url, folder, said):
    (folder / "refusal").write_text(f"{said}\n")
    with pytest.raises(OSError, match=re.escape(said)):
        transfer.fetch(url, "b")


@pytest.mark.parametrize("bad", ["ssh://-oProxyCommand=x/a", "ssh://-u@far/a", "ssh:///a"])
def test_no_part_of_a_url_is_an_option_of_ssh(url, bad):
    with pytest.raises(ValueError, match="names no machine"):
        transfer.is_there(bad)
