import numpy as np
import pytest

from xrayscan import UsageError
from xrayscan.model.ranks import Ranks


@pytest.mark.parametrize("count", [1, 7, 16, 21])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_every_film_is_one_process_s_to_do(count, size):
    shares = [Ranks(rank, size, rank, size).share(np.arange(count)) for rank in range(size)]
    assert sorted(np.concatenate(shares)) == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_process_is_alone_unless_its_environment_says_otherwise():
    assert Ranks.from_environment({"PATH": "/bin", "WORLD_SIZE": "2"}) == Ranks()
    told = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}
    assert Ranks.from_environment(told) == Ranks(5, 8, 1, 4)


@pytest.mark.parametrize(
    "told",
    [
        {"RANK": "2", "WORLD_SIZE": "2"},
        {"RANK": "-1", "WORLD_SIZE": "2"},
        {"RANK": "one", "WORLD_SIZE": "2"},
        {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "3", "LOCAL_WORLD_SIZE": "2"},
    ],
)
def test_an_environment_that_contradicts_itself_is_refused(told):
    with pytest.raises(UsageError, match="RANK"):
        Ranks.from_environment(told)
