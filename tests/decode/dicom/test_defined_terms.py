import pytest
from films import dicom

from xrayscan.decode import decode
from xrayscan.decode.dicom import defined_terms
from xrayscan.errors import DecodeError


@pytest.mark.parametrize(
    "text", ["1.2.840.10008.1.2", "2.25.329800735698586629295641978511506172918", "1.3.6.1", "1.2.3.4.0"]
)
def test_a_uid_is_kept(text):
    assert defined_terms.uid(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "4711", "20190203", "1.2", "1.2.1980", "2.12.1980", "1..2.3.4", "1.02.3.4", "3.2.1.4", "1.2.3.4."),
        *("1.2.3.4\n", "1.2.3." + "4" * 60, "1.2.3.\u0664"),
    ],
)
def test_what_only_resembles_a_uid_is_not(text):
    assert defined_terms.uid(text) == ""


def test_a_name_in_the_modality_is_not_shown():
    with pytest.raises(DecodeError) as caught:
        decode(dicom(Modality="DOE JOHN 1980"), at_least=8)
    assert str(caught.value) == "modality of no known name: not a radiograph"


def test_a_modality_that_the_standard_knows_is_named():
    with pytest.raises(DecodeError, match="modality CT: not a radiograph"):
        decode(dicom(Modality="CT"), at_least=8)
