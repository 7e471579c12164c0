"""SIP by hand over UDP: requests that no decent phone sends, and answers byte by byte."""

import hashlib
import itertools
import re
import socket
import time
from dataclasses import dataclass
from typing import Self

_serial = itertools.count(1)


def request(method: str, uri: str, *, user: str = "acme", call: str = "", **headers: str) -> str:
    """A request in proper form; ``headers`` add to it or, by name, take the place of one.

    An underscore in a name stands for a hyphen; an empty value leaves the header out.
    """
    call = call or f"raw-{next(_serial)}"
    lines = {
        "Via": f"SIP/2.0/UDP 127.0.0.1:PORT;branch=z9hG4bK-{call};rport",
        "Max-Forwards": "70",
        "From": f"<sip:{user}@caller.example>;tag=t{call}",
        "To": f"<{uri if method != 'REGISTER' else f'sip:{user}@registrar.example'}>",
        "Call-ID": call,
        "CSeq": f"1 {method}",
        "Contact": f"<sip:{user}@127.0.0.1:PORT>",
        "Content-Length": "0",
    }
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"{method} {uri} SIP/2.0\r\n{head}\r\n"


def credentials(challenge: str, method: str, uri: str, username: str, password: str) -> str:
    """What a challenge asks for, good for one method and one Request-URI."""
    nonce, realm = (re.findall(rf'{name}="([^"]+)"', challenge)[0] for name in ("nonce", "realm"))
    ha1, ha2 = (
        hashlib.md5(text.encode()).hexdigest()
        for text in (f"{username}:{realm}:{password}", f"{method}:{uri}")
    )
    proof = hashlib.md5(f"{ha1}:{nonce}:00000001:c:auth:{ha2}".encode()).hexdigest()
    return (
        f'Digest username="{username}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{proof}", qop=auth, nc=00000001, cnonce="c", algorithm=MD5'
    )


@dataclass
class Phone:
    """A socket that says what it is told to the switch at ``address`` (host:port)."""

    address: str
    source: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.source, 0))
        host, port = self.address.split(":")
        self.socket.connect((host, int(port)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, text: str | bytes) -> None:
        port = str(self.socket.getsockname()[1])
        self.socket.send(
            text if isinstance(text, bytes) else text.replace("PORT", port).encode("utf-8")
        )

    def hear(self, seconds: float = 2) -> str:
        """The next final answer, or an empty string when none comes in time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                answer = self.socket.recv(65535).decode("utf-8")
            except TimeoutError:
                break
            if not answer.startswith("SIP/2.0 1"):
                return answer
        return ""

    def ask(self, text: str | bytes, seconds: float = 2) -> str:
        self.say(text)
        return self.hear(seconds)

    def ask_with_password(
        self, method: str, uri: str, username: str, password: str, *, user: str = "", call: str
    ) -> str:
        """The answer to a request that is repeated with credentials once challenged."""
        challenge = self.ask(request(method, uri, user=user or username, call=f"{call}-1"))
        name = "Authorization" if method == "REGISTER" else "Proxy-Authorization"
        proof = {name: credentials(challenge, method, uri, username, password)}
        return self.ask(request(method, uri, user=user or username, call=call, **proof))


class StreamPhone(Phone):
    """The same over TCP; what it says has no body and the Contact of another port."""

    def __post_init__(self) -> None:
        host, port = self.address.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self._heard = ""

    def say(self, text: str | bytes) -> None:
        assert isinstance(text, str)
        self.socket.sendall(text.replace("PORT", "9").replace("/UDP ", "/TCP ").encode())

    def hear(self, seconds: float = 2) -> str:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if "\r\n\r\n" not in self._heard:
                self.socket.settimeout(left)
                try:
                    self._heard += self.socket.recv(65535).decode("utf-8")
                except TimeoutError:
                    break
                continue
            first, _, self._heard = self._heard.partition("\r\n\r\n")
            if not first.startswith("SIP/2.0 1"):
                return f"{first}\r\n\r\n"
        return ""


class FarEnd:
    """What a route leads to, on ``port``: hears requests and answers each as it is told."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.port, self.host = port, host
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def hear(self, method: str, seconds: float = 2) -> str:
        """The next request of that method, or an empty string when none comes in time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, self._sender = self.socket.recvfrom(65535)
            except TimeoutError:
                break
            if (heard := data.decode("utf-8")).startswith(f"{method} "):
                return heard
        return ""

    def answer(self, heard: str, outcome: str, **headers: str) -> None:
        """Answer the request heard last, "200 OK" for one; ``headers`` are added."""
        copied = re.findall(r"(?m)^(?:Via|Record-Route|From|Call-ID|CSeq): .*\r\n", heard)
        to = header(heard, "To")
        to += "" if ";tag=" in to else ";tag=far"
        lines = {"To": to, "Contact": f"<sip:far@{self.host}:{self.port}>", "Content-Length": "0"}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        text = f"SIP/2.0 {outcome}\r\n{''.join(copied)}{head}\r\n"
        self.socket.sendto(text.encode(), self._sender)


def header(text: str, name: str) -> str:
    """The first header of that name, or an empty string."""
    found = re.search(rf"(?m)^{name}: (.*)\r$", text)
    return found[1] if found else ""


def status(answer: str) -> int:
    """The status of an answer, 0 for none."""
    return int(answer.split(" ", 2)[1]) if answer else 0


def without_call(answer: str) -> str:
    """An answer without what it echoes of one request: its ids, tags and ports."""
    answer = re.sub(r"(?m)^(Via|From|Call-ID): .*\r\n", "", answer)
    return re.sub(r";tag=[\w.-]+", "", answer)
