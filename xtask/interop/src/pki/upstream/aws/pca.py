"""AWS Private CA on loopback, which takes its time, and a client of AWS's own that sets up a CA in moto.

pca.py serve PORT DIRECTORY   answers, judged by botocore: signatures and shapes of requests have to be AWS's own
pca.py create URL             makes a root CA by boto3 at URL, and prints its ARN
"""

import base64
import datetime
import http.server
import ipaddress
import json
import os
import re
import sys
import threading
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

REGION = "eu-central-1"
KEYS = ("AKIAINTEROP", "wJalr/K7MDENG+interop")
ARN = f"arn:aws:acm-pca:{REGION}:111122223333:certificate-authority/{uuid.UUID(int=7)}"
USAGES = {
    "CLIENT_AUTH": ExtendedKeyUsageOID.CLIENT_AUTH,
    "SERVER_AUTH": ExtendedKeyUsageOID.SERVER_AUTH,
}


def create(url):
    import boto3

    client = boto3.client(
        "acm-pca",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=KEYS[0],
        aws_secret_access_key=KEYS[1],
    )
    made = client.create_certificate_authority(
        CertificateAuthorityConfiguration={
            "KeyAlgorithm": "RSA_2048",
            "SigningAlgorithm": "SHA256WITHRSA",
            "Subject": {"CommonName": "Moto Root"},
        },
        CertificateAuthorityType="ROOT",
    )
    ca = {"CertificateAuthorityArn": made["CertificateAuthorityArn"]}
    csr = client.get_certificate_authority_csr(**ca)["Csr"]
    issued = client.issue_certificate(
        Csr=csr.encode(),
        SigningAlgorithm="SHA256WITHRSA",
        TemplateArn="arn:aws:acm-pca:::template/RootCACertificate/V1",
        Validity={"Type": "DAYS", "Value": 3650},
        **ca,
    )
    root = client.get_certificate(CertificateArn=issued["CertificateArn"], **ca)["Certificate"]
    client.import_certificate_authority_certificate(Certificate=root.encode(), **ca)
    print(ca["CertificateAuthorityArn"])


def differences(shape, value, place):
    """Where `value` is not of the shape that AWS's own model gives it."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            yield f"{place} is not a structure"
            return
        for name in shape.required_members:
            if name not in value:
                yield f"{place}.{name} is missing"
        for name, inner in value.items():
            if name not in shape.members:
                yield f"{place}.{name} is not known"
            else:
                yield from differences(shape.members[name], inner, f"{place}.{name}")
    elif shape.type_name == "list":
        yield from size(shape, len(value), place)
        for inner in value:
            yield from differences(shape.member, inner, f"{place}[]")
    elif shape.type_name in ("string", "blob"):
        if not isinstance(value, str):
            yield f"{place} is not a text"
            return
        length = len(base64.b64decode(value, validate=True)) if shape.type_name == "blob" else len(value)
        yield from size(shape, length, place)
        enum, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
        if enum and value not in enum:
            yield f"{place} is {value}"
        if pattern and not re.fullmatch(pattern, value):
            yield f"{place} does not match {pattern}"
    elif shape.type_name in ("integer", "long"):
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{place} is not a number"
    elif shape.type_name == "boolean":
        if not isinstance(value, bool):
            yield f"{place} is not a truth value"
    else:
        yield f"{place} is a {shape.type_name}"


def size(shape, length, place):
    if length < shape.metadata.get("min", 0) or length > shape.metadata.get("max", length):
        yield f"{place} has the length {length}"


class Ca:
    def __init__(self, directory):
        import botocore.session

        self.directory = directory
        self.model = botocore.session.get_session().get_service_model("acm-pca")
        self.lock = threading.Lock()
        self.orders = {}
        self.issued = {}
        self.revoked = set()
        self.key = ec.generate_private_key(ec.SECP384R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AWS Root")])
        now = datetime.datetime.now(datetime.timezone.utc)
        self.root = (
            x509.CertificateBuilder(self.name, self.name, self.key.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(
                x509.KeyUsage(True, False, False, False, False, True, True, False, False), True
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
            .sign(self.key, hashes.SHA384())
        )
        with open(os.path.join(directory, "roots.crt"), "w") as file:
            file.write(pem(self.root))

    def say(self, name, line):
        with open(os.path.join(self.directory, name), "a") as file:
            file.write(line + "\n")

    def settings(self):
        try:
            with open(os.path.join(self.directory, "settings.json")) as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def check(self, action, headers, body):
        """The signature and the shape of a request, as AWS's own library has them."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        said = headers.get("authorization", "")
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=(\w+)", said)
        if not found:
            return "MissingAuthenticationTokenException"
        signed = {name: headers[name] for name in found[2].split(";")}
        needed = {"host", "x-amz-date", "x-amz-target", "content-type"}
        if not needed <= signed.keys():
            self.say("problems.txt", f"signed are only {found[2]}")
        request = AWSRequest("POST", f"http://{headers['host']}/", headers=signed, data=body)
        request.context["timestamp"] = headers["x-amz-date"]
        auth = SigV4Auth(Credentials(*KEYS), "acm-pca", REGION)
        text = auth.string_to_sign(request, auth.canonical_request(request))
        if auth.signature(text, request) != found[3]:
            return "InvalidSignatureException"
        shape = self.model.operation_model(action).input_shape
        for difference in differences(shape, json.loads(body), action):
            self.say("problems.txt", difference)
        return None

    def answer(self, action, body, settings):
        if body["CertificateAuthorityArn"] != ARN:
            return "ResourceNotFoundException", None
        if action == "GetCertificateAuthorityCertificate":
            return None, {"Certificate": pem(self.root)}
        if action == "IssueCertificate":
            token = body["IdempotencyToken"]
            if token not in self.orders:
                certificate = self.sign(body)
                arn = f"{ARN}/certificate/{certificate.serial_number:032x}"
                self.orders[token] = arn
                self.issued[arn] = [settings.get("in_progress", 1), certificate]
                self.say("issued.txt", f"{certificate.serial_number:X}")
            return None, {"CertificateArn": self.orders[token]}
        if action == "GetCertificate":
            found = self.issued.get(body["CertificateArn"])
            if not found:
                return "ResourceNotFoundException", None
            found[0] -= 1
            if found[0] >= 0:
                return "RequestInProgressException", None
            return None, {"Certificate": pem(found[1]), "CertificateChain": pem(self.root)}
        serial = int(body["CertificateSerial"].replace(":", ""), 16)
        if all(found[1].serial_number != serial for found in self.issued.values()):
            return "ResourceNotFoundException", None
        if serial in self.revoked:
            return "RequestAlreadyProcessedException", None
        self.revoked.add(serial)
        self.say("revoked.txt", f"{serial:X}")
        return None, {}

    def sign(self, body):
        """As the template BlankEndEntityCertificate_APIPassthrough/V1 has it."""
        csr = x509.load_pem_x509_csr(base64.b64decode(body["Csr"]))
        passed = body["ApiPassthrough"]
        extensions = passed["Extensions"]
        asked = passed.get("Subject", {})
        custom = asked.get("CustomAttributes", [])
        if asked and not custom:
            custom = [{"ObjectIdentifier": "2.5.4.3", "Value": asked["CommonName"]}]
        subject = [
            x509.NameAttribute(ObjectIdentifier(it["ObjectIdentifier"]), it["Value"]) for it in custom
        ]
        at = lambda name: datetime.datetime.fromtimestamp(body[name]["Value"], datetime.timezone.utc)
        usage = extensions["KeyUsage"]
        builder = (
            x509.CertificateBuilder(
                self.name,
                x509.Name(subject) if subject else csr.subject,
                csr.public_key(),
                x509.random_serial_number() >> 33,
            )
            .not_valid_before(at("ValidityNotBefore"))
            .not_valid_after(at("Validity"))
            .add_extension(x509.BasicConstraints(False, None), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(csr.public_key()), False)
            .add_extension(
                x509.KeyUsage(
                    usage.get("DigitalSignature", False),
                    False,
                    usage.get("KeyEncipherment", False),
                    *[False] * 6,
                ),
                True,
            )
            .add_extension(
                x509.ExtendedKeyUsage(
                    [USAGES[it["ExtendedKeyUsageType"]] for it in extensions["ExtendedKeyUsage"]]
                ),
                False,
            )
        )
        names = [name(it) for it in extensions.get("SubjectAlternativeNames", [])]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return builder.sign(self.key, hashes.SHA384())


def name(asked):
    ((kind, text),) = asked.items()
    return {
        "DnsName": x509.DNSName,
        "IpAddress": lambda text: x509.IPAddress(ipaddress.ip_address(text)),
        "Rfc822Name": x509.RFC822Name,
        "UniformResourceIdentifier": x509.UniformResourceIdentifier,
    }[kind](text)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode().strip()


def serve(port, directory):
    ca = Ca(directory)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            action = headers.get("x-amz-target", "").removeprefix("ACMPrivateCA.")
            with ca.lock:
                settings = ca.settings()
                error, answer = ca.check(action, headers, body), None
                if not error:
                    error, answer = ca.answer(action, json.loads(body), settings)
            if settings.get("hold") and action == "IssueCertificate":
                threading.Event().wait()
            told = {"__type": error, "message": f"{error} by the interop suite"}
            text = json.dumps(told if error else answer).encode()
            self.send_response(400 if error else 200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.serve_forever()


if sys.argv[1] == "create":
    create(sys.argv[2])
else:
    serve(int(sys.argv[2]), sys.argv[3])
