"""What to do hangs on the code of a reason, never on its words."""

from xrayscan.errors import Code, Status
from xrayscan.report.remedies import OTHERWISE, REMEDIES, remedy


def test_every_code_of_a_file_that_asks_for_attention_has_a_remedy():
    assert {code for code in Code if code.status is not Status.SKIPPED} <= set(REMEDIES)


def test_exporting_again_is_advised_only_where_it_helps():
    again = {code for code, text in REMEDIES.items() if text.startswith("Export or copy")}
    assert again == {Code.EMPTY, Code.TRUNCATED, Code.DAMAGED, Code.ZERO_SIZE}


def test_a_disk_that_failed_is_not_blamed_on_the_film():
    assert "disk or network drive" in remedy(Code.UNREADABLE)


def test_codes_of_others_and_of_earlier_versions_have_a_general_answer():
    assert remedy("") == remedy("of-a-plugin") == OTHERWISE
