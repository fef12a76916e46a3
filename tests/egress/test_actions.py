"""The one way out, against real servers on this machine."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from idp.egress.actions import EgressRefused, Gate

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def answer(body: bytes, head: bytes = OK) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Server:
    """Says what it was told to say to whoever connects, and keeps what it was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.says: bytes | Callable[[socket.socket], None] = answer(b"{}")
        self.asked: list[bytes] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += connection.recv(65536)
                head, _, body = request.partition(b"\r\n\r\n")
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        while len(body) < int(line.split(b":")[1]):
                            body += connection.recv(65536)
                self.asked.append(head + b"\r\n\r\n" + body)
                if callable(self.says):
                    self.says(connection)
                else:
                    connection.sendall(self.says)
        except OSError:
            pass  # the gate hung up, as it should


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def gate_to(*servers: Server, **options: Any) -> Gate:
    return Gate(frozenset(f"localhost:{server.port}" for server in servers), **options)


def get(server: Server, **options: Any) -> Any:
    return gate_to(server, **options).get_json(f"http://localhost:{server.port}/jwks")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for tax.localhost that no authority signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tax.localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName("tax.localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def tls_server(certificate: tuple[Path, Path]) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = Server(context)
    yield server
    server.close()


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Stand in for the name server; answer the list of names it was asked."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        return [(None, None, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr("idp.egress.actions.socket.getaddrinfo", getaddrinfo)
    return asked


def connecting_to(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let no connection out; answer the list of addresses it was tried with."""
    tried: list[str] = []

    def create_connection(address: tuple[str, int], _timeout: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr("idp.egress.actions.socket.create_connection", create_connection)
    return tried


def test_json_is_fetched_from_an_allowed_host(server: Server) -> None:
    server.says = answer(b'{"keys": []}')
    assert get(server) == {"keys": []}
    [request] = server.asked
    assert request.startswith(b"GET /jwks HTTP/1.1\r\n")
    assert b"Host: localhost:%d\r\n" % server.port in request


def test_a_form_is_sent_and_the_status_answered(server: Server) -> None:
    url = f"http://localhost:{server.port}/logout?x=1"
    for status in (200, 204, 302, 400, 503):
        server.says = b"HTTP/1.1 %d X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" % status
        assert gate_to(server).post_form(url, {"logout_token": "a b&c=é"}) == status
    assert len(server.asked) == 5, "a redirect was followed"
    assert server.asked[0].startswith(b"POST /logout?x=1 HTTP/1.1\r\n")
    assert server.asked[0].endswith(b"\r\n\r\nlogout_token=a+b%26c%3D%C3%A9")
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in server.asked[0]


@pytest.mark.parametrize("status", [201, 301, 302, 303, 307, 404, 500])
def test_only_200_brings_json_and_no_redirect_is_followed(server: Server, status: int) -> None:
    server.says = answer(b"{}", b"HTTP/1.1 %d X\r\nLocation: http://localhost/\r\n" % status)
    with pytest.raises(EgressRefused, match=str(status)):
        get(server)
    assert len(server.asked) == 1


def test_a_proxy_of_the_environment_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert get(server) == {}


def test_this_machine_is_not_called_unless_allowed_by_name_and_port(server: Server) -> None:
    for url in (
        f"https://localhost:{server.port}/",
        f"https://127.0.0.1:{server.port}/",
        f"https://2130706433:{server.port}/",
        f"https://0x7f.1:{server.port}/",
        f"https://[::1]:{server.port}/",
        f"https://[::ffff:127.0.0.1]:{server.port}/",
    ):
        with pytest.raises(EgressRefused, match=r"public internet|not known"):
            Gate().get_json(url)
    with pytest.raises(EgressRefused, match="https"):
        Gate().get_json(f"http://localhost:{server.port}/")
    with pytest.raises(EgressRefused, match="https"):
        Gate(frozenset({"localhost:1"})).get_json(f"http://localhost:{server.port}/")
    assert server.asked == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve_to(monkeypatch, "9.9.9.9", "169.254.169.254")
    tried = connecting_to(monkeypatch)
    with pytest.raises(EgressRefused, match="public internet"):
        Gate().get_json("https://tax.example/")
    assert tried == []


def test_a_name_is_looked_up_once_and_the_checked_address_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = resolve_to(monkeypatch, "9.9.9.9", "1.1.1.1")
    tried = connecting_to(monkeypatch)
    with pytest.raises(EgressRefused, match="ConnectionRefusedError"):
        Gate().get_json("https://tax.example/")
    assert asked == ["tax.example"]
    assert tried == ["9.9.9.9", "1.1.1.1"]


def test_a_sample_department_is_reached_without_looking_its_name_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: Any, **options: Any) -> Any:
        asked.append(host)
        return look_up(host, *rest, **options)

    monkeypatch.setattr("idp.egress.actions.socket.getaddrinfo", getaddrinfo)
    gate = Gate(frozenset({f"library.localhost:{server.port}"}))
    assert gate.get_json(f"http://library.localhost:{server.port}/") == {}
    assert set(asked) <= {"127.0.0.1", "::1"}


def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("idp.egress.actions.socket.getaddrinfo", getaddrinfo)
    with pytest.raises(EgressRefused, match="not known"):
        Gate().get_json("https://tax.example/")
    with pytest.raises(EgressRefused):
        Gate().get_json("https://a..b/")


def test_a_name_server_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = threading.Event()
    monkeypatch.setattr(
        "idp.egress.actions.socket.getaddrinfo", lambda *_, **__: done.wait(20) and []
    )
    start = time.monotonic()
    with pytest.raises(EgressRefused, match="look up"):
        Gate(total_seconds=0.2).get_json("https://tax.example/")
    assert time.monotonic() - start < 2
    done.set()


def drip(connection: socket.socket) -> None:
    for byte in OK + b"X: " + b"x" * 400:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


@pytest.mark.parametrize(
    "says", [drip, lambda connection: time.sleep(4)], ids=["drips", "is silent"]
)
def test_an_answer_has_one_time_limit_for_all_of_it(
    server: Server, says: Callable[[socket.socket], None]
) -> None:
    server.says = says
    start = time.monotonic()
    with pytest.raises(EgressRefused, match=r"longer than 0\.5 seconds"):
        get(server, total_seconds=0.5)
    assert time.monotonic() - start < 2


def json_of(size: int) -> bytes:
    return b'"' + b"a" * (size - 2) + b'"'


def chunked(body: bytes) -> bytes:
    return OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def until_close(body: bytes) -> bytes:
    return OK + b"\r\n" + body


@pytest.mark.parametrize("framing", [answer, chunked, until_close])
def test_an_answer_may_have_64_kb_and_not_a_byte_more(
    server: Server, framing: Callable[[bytes], bytes]
) -> None:
    server.says = framing(json_of(65536))
    assert len(get(server)) == 65534
    server.says = framing(json_of(65537))
    with pytest.raises(EgressRefused, match="64 kB"):
        get(server)


def test_endless_headers_are_refused(server: Server) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(OK)
        while True:
            connection.sendall(b"X-Filler: " + b"x" * 4000 + b"\r\n")

    server.says = endless
    with pytest.raises(EgressRefused):
        get(server)


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 two hundred\r\n\r\n{}",
    ],
)
def test_a_broken_answer_is_refused(server: Server, says: bytes) -> None:
    server.says = says
    with pytest.raises(EgressRefused):
        get(server)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"\xff\xfe",
        b"[" * 60_000,
        b"1" * 60_000,
        b"{} {}",
    ],
)
def test_what_is_not_strict_json_is_refused(server: Server, body: bytes) -> None:
    server.says = answer(body)
    with pytest.raises(EgressRefused, match="JSON"):
        get(server)


def test_tls_is_checked_against_the_name_and_the_bundle(
    tls_server: Server, certificate: tuple[Path, Path]
) -> None:
    port = tls_server.port
    allowed = frozenset({f"tax.localhost:{port}", f"library.localhost:{port}"})
    gate = Gate(allowed, certificate[0])
    assert gate.get_json(f"https://tax.localhost:{port}/jwks") == {}
    assert b"Host: tax.localhost:%d\r\n" % port in tls_server.asked[0]
    with pytest.raises(EgressRefused, match="certificate"):
        gate.get_json(f"https://library.localhost:{port}/jwks")
    with pytest.raises(EgressRefused, match="certificate"):
        Gate(allowed).get_json(f"https://tax.localhost:{port}/jwks")
    assert len(tls_server.asked) == 1


def test_a_port_that_speaks_no_tls_is_refused(server: Server) -> None:
    with pytest.raises(EgressRefused, match=r"no good answer|longer than"):
        gate_to(server, total_seconds=1).get_json(f"https://localhost:{server.port}/")


def test_a_refusal_never_repeats_the_url_or_what_was_sent(server: Server) -> None:
    server.says = b""
    url = f"http://localhost:{server.port}/secret-path"
    with pytest.raises(EgressRefused) as refused:
        gate_to(server).post_form(url, {"logout_token": "secret-token"})
    assert "secret" not in str(refused.value)
