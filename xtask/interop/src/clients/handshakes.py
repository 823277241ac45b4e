"""A client that does what no TLS library does: asks our server with a certificate it cannot prove, or that is no message.

    handshakes.py LAB PORT VERSION CASES

VERSION is 1.2 or 1.3. CASES is `required` or `optional`: what the server asks of its clients. For each case there is
one line: its name, how many of its handshakes were answered by HTTP, how many were ended by an alert, how many by the
end of the connection, how many by neither, and the first alerts.
"""

import socket
import sys

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.constants import ContentType, HandshakeType
from tlslite.errors import TLSAbruptCloseError, TLSClosedConnectionError, TLSLocalAlert, TLSRemoteAlert

LAB, PORT, VERSION, SERVER = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
TLS13 = VERSION == "1.3"


def read(name):
    with open(f"{LAB}/{name}") as file:
        return file.read()


def identity(stem):
    chain = X509CertChain()
    chain.parsePemList(read(f"{stem}.crt"))
    return chain, parsePEMKey(read(f"{stem}.key"), private=True, implementations=["python"])


CHAIN, KEY = identity("same-ca/client")
OTHER_CHAIN, OTHER_KEY = identity("refused/untrusted-ca/client")


class Raw:
    """A message as it is."""

    def __init__(self, content_type, data):
        self.contentType = content_type
        self.data = bytearray(data)

    def write(self):
        return self.data


def handshake(kind, body):
    return Raw(ContentType.handshake, bytes([kind]) + len(body).to_bytes(3, "big") + bytes(body))


def certificate(body):
    return handshake(HandshakeType.certificate, body)


def body_of(message):
    return bytes(message.write()[4:])


class Signer:
    """A key that signs something else than it is asked to."""

    def __init__(self, key, change):
        self.key = key
        self.change = change

    def __getattr__(self, name):
        return getattr(self.key, name)

    def sign(self, data, *args, **kwargs):
        return self.key.sign(self.change(bytearray(data)), *args, **kwargs)

    def verify(self, *_args, **_kwargs):
        return True


class Client(TLSConnection):
    """Lets a case change each handshake message: it says which messages are sent in its place."""

    def __init__(self, sock, case):
        super().__init__(sock)
        self.case = case
        self.plain = False

    def _sendMsg(self, msg, randomizeFirstBlock=True, update_hashes=True):
        messages = [msg]
        if not self.plain:
            if msg.contentType == ContentType.handshake:
                kind = msg.write()[0]
                messages = self.case.send(kind, msg)
            elif msg.contentType == ContentType.change_cipher_spec:
                messages = self.case.before_ccs() + [msg]
        for message in messages:
            yield from super()._sendMsg(message, randomizeFirstBlock, update_hashes)


class Case:
    """The good handshake; others change it."""

    chain, key = CHAIN, KEY
    compresses = False
    # Further identities of the pre_shared_key extension: name and secret.
    offers = ()

    def send(self, kind, message):
        if kind == HandshakeType.certificate:
            return self.certificate(message)
        if kind == HandshakeType.certificate_verify:
            return self.verify(message)
        if kind == HandshakeType.client_key_exchange:
            return self.key_exchange(message)
        if kind == HandshakeType.finished:
            return self.finished(message)
        return [message]

    def certificate(self, message):
        return [message]

    def verify(self, message):
        return [message]

    def key_exchange(self, message):
        return [message]

    def before_ccs(self):
        return []

    def finished(self, message):
        return [message]

    def after(self):
        """What is sent when the handshake is over."""
        return []


def settings(case):
    wanted = HandshakeSettings()
    wanted.minVersion = wanted.maxVersion = (3, 4) if TLS13 else (3, 3)
    if not case.compresses:
        wanted.certificate_compression_send = []
    wanted.pskConfigs = [(name, secret, "sha384") for name, secret in case.offers]
    return wanted


def attempt(case, session=None):
    """How a connection ends: `answered`, `alert: ...`, `closed`, `silent` or `local: ...`; and its session."""
    sock = socket.create_connection(("127.0.0.1", PORT))
    sock.settimeout(20)
    client = Client(sock, case)
    try:
        client.handshakeClientCert(case.chain, case.key, serverName="localhost", settings=settings(case), session=session)
        if session is not None and not client.resumed:
            return "local: not resumed", None
        client.plain = True
        for message in case.after():
            for _ in client._sendMsg(message, update_hashes=False):
                pass
        client.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = client.read(max=None, min=12)
        end = "answered" if answer.startswith(b"HTTP/1.1 200") else "closed" if not answer else f"answered: {answer[:40]}"
        return end, client.session
    except TLSRemoteAlert as alert:
        return f"alert: {alert}", None
    except TLSLocalAlert as alert:
        return f"local: {alert}", None
    except (TLSAbruptCloseError, TLSClosedConnectionError, ConnectionError):
        return "closed", None
    except socket.timeout:
        return "silent", None
    finally:
        sock.close()


def changed(**methods):
    """A case with these parts of it replaced."""
    return type("Changed", (Case,), methods)()


def drop(_self, _message):
    return []


def held(until):
    """CertificateVerify comes behind another message."""

    class Held(Case):
        kept = ()

        def verify(self, message):
            self.kept = [message]
            return []

    def release(self, message):
        return [message] + list(self.kept)

    setattr(Held, until, release)
    return Held()


def flipped(data, position, mask=1):
    data = bytearray(data)
    data[position] ^= mask
    return data


def certificates(change):
    """A Certificate whose body is changed."""
    return changed(certificate=lambda _self, message: [certificate(change(body_of(message)))])


def verifies(change):
    """A CertificateVerify whose body is changed: two bytes of scheme, two of length, the signature."""
    return changed(
        verify=lambda _self, message: [handshake(HandshakeType.certificate_verify, change(body_of(message)))]
    )


def other_scheme(scheme, body):
    """The scheme, or none at all where the signature is by this one."""
    scheme = scheme.to_bytes(2, "big")
    return b"\0\0" if scheme == body[:2] else scheme


def signed_by(key):
    return changed(key=key)


# Where the list of certificates begins, and what stands behind each: TLS 1.3 has a context and extensions.
LIST = 1 if TLS13 else 0
TAIL = b"\0\0" if TLS13 else b""


def listed(entries, context=b"\0" if TLS13 else b""):
    """A Certificate of these entries."""
    return context + len(entries).to_bytes(3, "big") + entries


def entry(der, tail=TAIL):
    return len(der).to_bytes(3, "big") + der + tail


LEAF = bytes(CHAIN.x509List[0].bytes)
LENGTH = len(listed(b"".join(entry(bytes(it.bytes)) for it in CHAIN.x509List)))
OTHER_LEAF = bytes(OTHER_CHAIN.x509List[0].bytes)


def spread(length, count):
    """Positions in something of this length, its first and last ones among them."""
    first = list(range(min(length, 12)))
    step = max(1, length // count)
    return sorted(set(first + list(range(0, length, step)) + [length - 1]))


def cases():
    good = [
        ("good", [Case()]),
        ("good, with a certificate that leads nowhere", [certificates(lambda _: listed(entry(LEAF) + entry(OTHER_LEAF)))]),
    ]
    schemes = [0x0000, 0x0201, 0x0203, 0x0401, 0x0501, 0x0503, 0x0603, 0x0804, 0x0805, 0x0807, 0x0808, 0x0809, 0xFFFF]
    signatures = [
        ("signature with one bit changed", [
            verifies(lambda body, at=at: flipped(body, at)) for at in range(8, 8 + 60, 10)
        ]),
        ("signature of nothing", [verifies(lambda body: body[:2] + b"\0\0")]),
        ("signature of zeros", [verifies(lambda body: body[:4] + bytes(len(body) - 4))]),
        ("signature of r = s = 0", [verifies(lambda body: body[:2] + b"\0\x08\x30\x06\x02\x01\0\x02\x01\0")]),
        ("signature cut short", [verifies(lambda body, cut=cut: body[:2] + (len(body) - 4 - cut).to_bytes(2, "big") + body[4:-cut]) for cut in (1, 2, 35, 60)]),
        ("signature with trailing bytes", [verifies(lambda body: body[:2] + (len(body) - 3).to_bytes(2, "big") + body[4:] + b"\0"), verifies(lambda body: body + b"\0")]),
        ("CertificateVerify cut short", [verifies(lambda body, keep=keep: body[:keep]) for keep in (0, 1, 2, 3, 4, 5, 30)]),
        ("signature by another key", [signed_by(OTHER_KEY)]),
        ("signature over another transcript", [signed_by(Signer(KEY, lambda data, at=at: flipped(data, at))) for at in (0, 7, 31)]),
        ("algorithm that is not the one of the signature", [
            verifies(lambda body, scheme=scheme: other_scheme(scheme, body) + body[2:]) for scheme in schemes
        ]),
        ("signature of another connection", [replayed()]),
    ]
    # A client without a certificate is nobody, where that is allowed.
    nobody = [
        ("no certificate", [changed(chain=None, key=None)]),
        ("empty Certificate instead of one, no CertificateVerify", [
            changed(certificate=lambda _self, _message: [certificate(listed(b""))], verify=drop)
        ]),
    ]
    order = [
        ("empty Certificate, then CertificateVerify", [certificates(lambda _: listed(b""))]),
        ("no Certificate, then CertificateVerify", [changed(certificate=drop)]),
        ("neither, where both were asked for", [changed(certificate=drop, verify=drop)]),
        ("Certificate without CertificateVerify", [changed(verify=drop)]),
        ("CertificateVerify twice", [changed(verify=lambda _self, message: [message, message])]),
        ("Certificate twice", [changed(certificate=lambda _self, message: [message, message])]),
        ("Certificate of another client, then the own one", [
            changed(certificate=lambda _self, message: [certificate(listed(entry(OTHER_LEAF))), message])
        ]),
        ("CertificateVerify behind Finished", [held("finished")]),
        ("Finished twice, CertificateVerify never", [
            changed(verify=drop, finished=lambda _self, message: [message, message])
        ]),
        ("Certificate behind the handshake", [changed(after=lambda _self: [certificate(listed(entry(LEAF)))])]),
        ("Certificate behind an anonymous handshake", [
            changed(chain=None, key=None, after=lambda _self: [certificate(listed(entry(LEAF)))])
        ]),
    ]
    if not TLS13:
        order.append(("CertificateVerify before ClientKeyExchange", [early()]))
    malformed = [
        ("Certificate cut short", [certificates(lambda body, keep=keep: body[:keep]) for keep in spread(LENGTH - 1, 30)]),
        ("Certificate with trailing bytes", [certificates(lambda body, more=more: body + more) for more in (b"\0", b"\0\0\0", bytes(100))]),
        ("length of the list changed", [
            certificates(lambda body, at=at, mask=mask: flipped(body, LIST + at, mask))
            for at in range(3) for mask in (1, 0x10, 0x80)
        ]),
        ("length of the first certificate changed", [
            certificates(lambda body, at=at, mask=mask: flipped(body, LIST + 3 + at, mask))
            for at in range(3) for mask in (1, 0x10, 0x80)
        ]),
        ("certificate of zero bytes", [
            certificates(lambda _: listed(entry(b""))),
            certificates(lambda _: listed(entry(b"") + entry(LEAF))),
            certificates(lambda _: listed(entry(b"") * 9)),
            certificates(lambda _: listed(entry(b"") * 5000)),
        ]),
        ("certificate that is none", [certificates(lambda _, der=der: listed(entry(der))) for der in (b"\0", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", bytes(1000), b"\x30" * 2000)]),
        ("certificate with one bit changed", [
            certificates(lambda _, at=at: listed(entry(bytes(flipped(LEAF, at))))) for at in spread(len(LEAF), 40)
        ]),
        ("certificate cut short", [
            certificates(lambda _, keep=keep: listed(entry(LEAF[:keep]))) for keep in spread(len(LEAF), 20)
        ]),
        ("certificate with trailing bytes", [certificates(lambda _: listed(entry(LEAF + b"\0")))]),
        ("another client's certificate", [certificates(lambda _: listed(entry(OTHER_LEAF) + entry(LEAF)))]),
    ]
    if TLS13:
        malformed += [
            ("context that was not asked for", [certificates(lambda _: listed(entry(LEAF), b"\1x")), certificates(lambda _: listed(entry(LEAF), b"\xff" + bytes(255)))]),
            ("extensions cut short", [certificates(lambda _, tail=tail: listed(entry(LEAF, tail))) for tail in (b"", b"\0", b"\0\1", b"\0\5\0\0\0\0", b"\xff\xff")]),
            ("Certificate compressed, which was not asked for", [changed(compresses=True)]),
            ("extension that was not asked for", [certificates(lambda _: listed(entry(LEAF, b"\0\4\xfa\xfa\0\0")))]),
        ]
    allowed = SERVER == "optional"
    yield from ((name, tries, True) for name, tries in good)
    yield from ((name, tries, allowed) for name, tries in nobody)
    yield from ((name, tries, False) for name, tries in signatures + order + malformed)
    yield from ((name, tries, True) for name, tries in good[:1])


def replayed():
    """The CertificateVerify of a good handshake, in another one."""

    class Recorder(Case):
        recorded = None

        def verify(self, message):
            self.recorded = bytes(message.write())
            return [message]

    recorder = Recorder()
    attempt(recorder)
    return changed(verify=lambda _self, _message: [Raw(ContentType.handshake, recorder.recorded)])


def early():
    """Signs without ClientKeyExchange, and sends that first."""

    class Early(Case):
        kept = ()

        def key_exchange(self, message):
            self.kept = [message]
            return []

        def verify(self, message):
            return [message] + list(self.kept)

    return Early()


def resumed():
    """A session is resumed, which asks for no certificate; one is sent all the same."""
    unasked = certificate(listed(entry(LEAF)))

    class Unasked(Case):
        sent = False

        def before_ccs(self):
            if TLS13 or self.sent:
                return []
            self.sent = True
            return [unasked]

        def finished(self, message):
            return [unasked, message] if TLS13 else [message]

    for name, case, good in [("resumed", Case(), True), ("Certificate in a resumed handshake", Unasked(), False)]:
        end, session = attempt(Case())
        ends = [attempt(case, session)[0] if end == "answered" else f"local: {end}"]
        yield name, ends, good


def offered():
    """Sessions that are not the client's own, or unknown to the server, in TLS 1.3: each ClientHello may name several."""
    unknown = (b"never seen", b"anything")

    def offering(*identities):
        return changed(offers=identities)

    _, session = attempt(Case())
    yield "own session, and an unknown one", [attempt(offering(unknown), session)[0]], True
    yield "an unknown session", [attempt(offering(unknown))[0]], True
    _, theirs = attempt(Case())
    stolen = (bytes(theirs.tickets[0].ticket), b"not its secret")
    yield "somebody's session without its secret", [attempt(offering(stolen))[0]], False
    _, theirs = attempt(Case())
    stolen = (bytes(theirs.tickets[0].ticket), b"not its secret")
    yield "the same behind an unknown one", [attempt(offering(unknown, stolen))[0]], False


def main():
    def show(name, ends, good):
        kinds = [sum(end.startswith(kind) for end in ends) for kind in ("answered", "alert", "closed")]
        others = len(ends) - sum(kinds)
        said = sorted({end for end in ends if not end.startswith("closed")})
        print(name, "good" if good else "bad", *kinds, others, "; ".join(said)[:200], sep="\t", flush=True)

    for name, tries, good in cases():
        show(name, [attempt(case)[0] for case in tries], good)
    for name, ends, good in resumed():
        show(name, ends, good)
    if TLS13:
        for name, ends, good in offered():
            show(name, ends, good)


main()
