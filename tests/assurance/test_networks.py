"""Which network an address belongs to, by a table that may hold anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.networks import UNKNOWN, Network, Networks, load

TABLE = """1.0.0.0\t1.0.0.255\t13335\tUS\tCLOUDFLARENET
81.2.0.0\t81.2.255.255\tAS2856\tgb\tBritish Telecom
81.2.69.0\t81.2.69.0\tnonsense\tGB\tout of order on purpose
2001:db8::\t2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\t64500\tFR\tExample Hosting SARL
10.0.0.0\t10.255.255.255\t0\tNone\tNot routed
5.0.0.0\t5.0.0.9\t64501\tNL\tPlain name\thosting
"""
NETWORKS = Networks(TABLE.splitlines())


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("1.0.0.0", Network("US", "13335", "hosting")),
        ("1.0.0.255", Network("US", "13335", "hosting")),
        ("1.0.1.0", UNKNOWN),
        ("0.255.255.255", UNKNOWN),
        ("81.2.3.4", Network("GB", "2856", None)),
        (" 81.2.3.4 ", Network("GB", "2856", None)),
        ("::ffff:81.2.3.4", Network("GB", "2856", None)),
        ("2001:db8::1", Network("FR", "64500", "hosting")),
        ("2001:db8::1%eth0", Network("FR", "64500", "hosting")),
        ("2001:db9::1", UNKNOWN),
        ("10.1.2.3", UNKNOWN),
        ("5.0.0.5", Network("NL", "64501", "hosting")),
    ],
)
def test_an_address_is_found_in_the_range_that_holds_it(address, found) -> None:
    assert NETWORKS.find(address) == found


def test_the_chain_of_a_visit_goes_from_country_to_address() -> None:
    assert NETWORKS.levels("81.2.3.4") == ("GB", "2856", "81.2.3.4")
    assert NETWORKS.levels("10.0.0.1") == (None, None, "10.0.0.1")
    assert Networks().levels("81.2.3.4") == (None, None, "81.2.3.4")


def test_the_part_of_an_address_that_changes_each_day_does_not_count() -> None:
    one = NETWORKS.levels("2001:db8:1:2:aaaa::1")
    assert one == NETWORKS.levels("2001:0DB8:1:2:bbbb:cccc:dddd:2")
    assert one != NETWORKS.levels("2001:db8:1:3:aaaa::1")


@pytest.mark.parametrize(
    "line",
    [
        "", "\t\t\t\t", "1.0.0.0\t2.0.0.0", "2.0.0.0\t1.0.0.0\t1\tUS\tbackwards",
        "1.0.0.0\t::1\t1\tUS\ttwo kinds", "x\ty\t1\tUS\tname",
        "1.0.0.0\t1.0.0.9\t1\tUS\t" + "x" * 2000, "# comment",
    ],
)  # fmt: skip
def test_a_line_that_means_nothing_is_passed_over_and_counted(line) -> None:
    table = Networks([line, "5.0.0.0\t5.0.0.9\t64501\tNL\tname"])
    assert (len(table), table.passed_over) == (1, 1)
    assert table.find("5.0.0.1").asn == "64501"


def test_a_table_is_read_from_a_file_even_with_bytes_that_are_no_text(tmp_path) -> None:
    path = tmp_path / "networks.tsv"
    path.write_bytes(b"\xff\xfe\t\x00\n" + TABLE.encode())
    table = load(path)
    assert (len(table), table.passed_over) == (6, 1)
    assert len(load(None)) == 0


HOSTILE = [
    "", " ", "1.2.3", "1.2.3.4.5", "999.1.1.1", "01.2.3.4", "1.2.3.4/8", ":::", "1" * 65, "\x00",
    "localhost", "١.٢.٣.٤", "::ffff:999.1.1.1", "[::1]", "1.2.3.4:80", "%", "fe80::1%%%",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_address_is_unknown(text) -> None:
    known = text == "fe80::1%%%"  # the part after the sign names a card, not a network
    assert NETWORKS.find(text) == UNKNOWN
    assert (NETWORKS.levels(text)[2] is not None) == known


@given(st.text(max_size=100))
def test_no_text_raises(text) -> None:
    assert len(NETWORKS.levels(text)) == 3


@given(st.lists(st.text(alphabet="0123456789.:af\t ASGBx", max_size=60), max_size=5), st.text())
def test_no_table_raises(lines, text) -> None:
    assert isinstance(Networks(lines).find(text), Network)


@given(st.ip_addresses())
def test_every_address_is_found_as_a_plain_search_would(address) -> None:
    from ipaddress import ip_address

    for line in TABLE.splitlines():
        first, last, number, *_ = line.split("\t")
        start, end = ip_address(first), ip_address(last)
        inside = start.version == address.version and int(start) <= int(address) <= int(end)
        if inside and number.removeprefix("AS").isdigit() and int(number.removeprefix("AS")):
            assert NETWORKS.find(str(address)).asn == number.removeprefix("AS")
