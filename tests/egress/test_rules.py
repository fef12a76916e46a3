"""Which URLs and addresses may be called."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.egress.rules import Problem, Target, is_public, read_url

ALLOWED = frozenset({"library.localhost:8001", "10.0.0.5:443"})


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://tax.example", "tax.example", 443, "/", "tax.example"),
        ("https://Tax.Example./jwks?v=1", "tax.example", 443, "/jwks?v=1", "tax.example"),
        ("https://tax.example:8443/a%20b", "tax.example", 8443, "/a%20b", "tax.example:8443"),
        ("https://tax.example?x", "tax.example", 443, "/?x", "tax.example"),
        ("https://192.0.2.1:22/", "192.0.2.1", 22, "/", "192.0.2.1:22"),
        ("https://[2001:DB8::1]:444/", "2001:db8::1", 444, "/", "[2001:db8::1]:444"),
    ],
)
def test_a_plain_https_url_is_read(
    url: str, host: str, port: int, path: str, authority: str
) -> None:
    target = read_url(url, ALLOWED)
    assert isinstance(target, Target)
    assert (target.host, target.port, target.path) == (host, port, path)
    assert target.authority == authority
    assert not target.private


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", Problem.SHAPE),
        ("https://tax.example/\n", Problem.SHAPE),
        ("https://tax.exam\tple/", Problem.SHAPE),
        (" https://tax.example/", Problem.SHAPE),
        ("https://tax.example\\@evil.example/", Problem.SHAPE),
        ("https://täx.example/", Problem.SHAPE),
        ("https://tax.example/\x00", Problem.SHAPE),
        ("https://tax.example/" + "a" * 2048, Problem.SHAPE),
        ("http://tax.example/", Problem.SCHEME),
        ("HTTPS://tax.example/", Problem.SCHEME),
        ("ftp://tax.example/", Problem.SCHEME),
        ("file:///etc/passwd", Problem.SCHEME),
        ("//tax.example/", Problem.SCHEME),
        ("tax.example", Problem.SCHEME),
        ("https:tax.example", Problem.SCHEME),
        ("https://user@tax.example/", Problem.USERINFO),
        ("https://user:secret@tax.example/", Problem.USERINFO),
        ("https://@tax.example/", Problem.USERINFO),
        ("https:///jwks", Problem.HOST),
        ("https://./", Problem.HOST),
        ("https://-tax.example/", Problem.HOST),
        ("https://tax,example/", Problem.HOST),
        ("https://tax_example%2f/", Problem.HOST),
        ("https://[::1/", Problem.HOST),
        ("https://[fe80::1%25eth0]/", Problem.HOST),
        ("https://tax.example:0/", Problem.PORT),
        ("https://tax.example:65536/", Problem.PORT),
        ("https://tax.example:+80/", Problem.PORT),
        ("https://tax.example/#top", Problem.FRAGMENT),
    ],
)
def test_anything_else_is_refused_with_its_reason(url: str, problem: Problem) -> None:
    assert read_url(url, ALLOWED) is problem


def test_only_a_host_that_is_allowed_with_its_port_may_be_called_over_http() -> None:
    target = read_url("http://library.localhost:8001/logout", ALLOWED)
    assert isinstance(target, Target)
    assert target.private
    assert target.is_loopback_name
    for url in (
        "http://library.localhost:8002/",
        "http://library.localhost/",
        "http://library.localhost.evil.example:8001/",
        "http://evil.library.localhost:8001/",
    ):
        assert read_url(url, ALLOWED) is Problem.SCHEME
    assert read_url("http://library.localhost:8001/", ()) is Problem.SCHEME


def test_a_port_that_is_not_written_is_the_schemes_own() -> None:
    target = read_url("https://10.0.0.5/", ALLOWED)
    assert isinstance(target, Target)
    assert target.private


@pytest.mark.parametrize("address", ["9.9.9.9", "1.1.1.1", "2620:fe::fe", "64:ff9b::909:909"])
def test_an_address_on_the_public_internet_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1",
        "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:9.9.9.9", "::127.0.0.1", "fe80::1", "fe80::1%eth0",
        "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "2002:7f00:1::",
        "2002:909:909::", "2001:0:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::9.9.9.9", "100::1", "4000::1", "not an address", "",
    ],
)  # fmt: skip
def test_no_other_address_may_be_called(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_hidden_in_an_ipv6_one_is_judged_no_better(
    address: ipaddress.IPv4Address,
) -> None:
    hidden = [
        f"::ffff:{address}",
        f"::{address}",
        str(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))),
        str(ipaddress.IPv6Address((0x64FF9B << 96) | int(address))),
    ]
    for text in hidden:
        assert is_public(str(address)) or not is_public(text), text


@given(st.text(st.characters(codec="ascii"), max_size=40) | st.text(max_size=40))
def test_whatever_is_given_gets_an_answer(rest: str) -> None:
    for url in (rest, f"https://{rest}", f"https://tax.example{rest}"):
        answer = read_url(url, ALLOWED)
        if isinstance(answer, Target):
            assert f"{answer.authority}{answer.path}".isascii()
            assert not any(c in f"{answer.authority}{answer.path}" for c in " \r\n\t\\#")
