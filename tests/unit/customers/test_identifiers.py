"""Account and VAT numbers: one spelling, their country's shape, and what their check digits say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.customers.values.identifiers import account_number, number_key, vat_number


@pytest.mark.parametrize(
    "written",
    ["NL91ABNA0417164300", "nl91 abna 0417 1643 00", "IBAN NL91ABNA0417164300",
     "NL91.ABNA.0417164300"],
)  # fmt: skip
def test_an_account_number_has_one_spelling(written: str) -> None:
    assert account_number(written) == "NL91ABNA0417164300"


@pytest.mark.parametrize(
    "written",
    ["DE89370400440532013000", "BE68539007547034", "GB82 WEST 1234 5698 7654 32",
     "FR14 2004 1010 0505 0001 3M02 606", "NO93 8601 1117 947"],
)  # fmt: skip
def test_account_numbers_of_other_countries_pass(written: str) -> None:
    assert account_number(written) == written.replace(" ", "")


@pytest.mark.parametrize(
    "written",
    ["NL92ABNA0417164300", "NL91ABNA041716430", "NL91ABNA04171643000", "0417164300", "", None,
     "n/a", "NL00AAAA0000000000", "NL91ABNA٠417164300", "X" * 5000],
)  # fmt: skip
def test_other_account_numbers_fail(written: str | None) -> None:
    assert account_number(written) is None


@pytest.mark.parametrize(
    ("written", "spelt", "is_valid"),
    [
        ("NL 8001.12.345.B01", "NL800112345B01", False),
        ("NL123456782B90", "NL123456782B90", True),
        ("NL000099998B57", "NL000099998B57", True),
        ("BE 0428.759.497", "BE0428759497", True),
        ("BE0428759498", "BE0428759498", False),
        ("DE 136,695 976".replace(",", ""), "DE136695976", True),
        ("DE136695977", "DE136695977", False),
        ("FR40303265045", "FR40303265045", None),
        ("NL123456782", None, False),
        ("123456782B90", None, False),
        ("", None, False),
    ],
)
def test_vat_numbers_are_checked_as_their_country_does(
    written: str, spelt: str | None, is_valid: bool | None
) -> None:
    assert vat_number(written) == (spelt, is_valid)


@given(st.text(max_size=80))
def test_whatever_is_written_is_read_without_a_fault(written: str) -> None:
    assert account_number(written) is None or len(number_key(written)) >= 15
    vat_number(written)
