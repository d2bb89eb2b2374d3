"""What a machine has of kept answers, by its setting."""

from pathlib import Path

from proxy.cache import answers
from proxy.cache.answers_file import AnswersFile
from tests.proxy.cache.made import key, stored

ROOM = 8 * 1024 * 1024


async def test_a_machine_that_keeps_no_answers_has_none_of_before_either(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    first = answers.opened(directory, ROOM, workers=1)
    assert first is not None
    AnswersFile(directory, ROOM).put(stored(1, b"{}"))
    await first.close()
    again = answers.opened(directory, ROOM, workers=1)
    assert again is not None
    await again.close()
    assert AnswersFile(directory, ROOM).get(key(1)) is not None
    assert answers.opened(directory, 0, workers=1) is None
    assert not directory.exists()
    assert answers.opened(directory, answers.LEAST_BYTES - 1, workers=1) is None
