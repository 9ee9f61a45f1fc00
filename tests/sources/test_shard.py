import os
import random
import string

import pytest

from xrayscan import UsageError
from xrayscan.sources.shard import WHOLE, Shard
from xrayscan.sources.source import Source


def sources(count):
    rng = random.Random(1)
    names = ("".join(rng.choices(string.ascii_letters, k=12)) for _ in range(count))
    return [Source(name, f"/films/{name}.dcm") for name in names]


def test_every_path_is_in_exactly_one_shard_and_shards_are_about_as_large():
    found = sources(8000)
    parts = [list(Shard(number, 16).among(found)) for number in range(1, 17)]
    assert sorted(source.path for part in parts for source in part) == sorted(source.path for source in found)
    assert all(400 < len(part) < 600 for part in parts)


def test_a_path_stays_in_its_shard_whatever_else_is_there():
    found = sources(200)
    alone = [source for source in found if list(Shard(2, 3).among([source]))]
    assert list(Shard(2, 3).among(found)) == alone


def test_the_same_file_is_in_the_same_shard_however_its_path_was_given():
    relative, absolute = Source("a.dcm", "/films/a.dcm"), Source("/films/a.dcm", "/films/a.dcm")
    assert [len(list(Shard(n, 5).among([relative, absolute]))) for n in range(1, 6)].count(2) == 1


def test_a_name_that_is_no_text_has_its_shard_too():
    odd = Source("a", os.fsdecode(b"/films/\xff\xfe.dcm"))
    assert sum(len(list(Shard(number, 3).among([odd]))) for number in (1, 2, 3)) == 1
    assert list(WHOLE.among([odd])) == [odd]


@pytest.mark.parametrize("text", ["0/4", "5/4", "4", "1/0", "-1/4", "1/2/3", "", "a/b", "1.5/4", "1/99999999999999"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(UsageError):
        Shard.parse(text)
