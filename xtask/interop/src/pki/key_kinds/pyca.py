"""Certificates of kinds of keys that openssl 3.0 does not know.

read DIR          verifies ca.crt, leaf.crt, ca.crl and leaf.ocsp, and that leaf.key is the leaf's
write DIR KIND    makes ca.crt, leaf.crt, leaf.csr and leaf.key
"""
import datetime, sys
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa
from cryptography.x509 import ocsp

action, directory, *kind = sys.argv[1:]
content = lambda name: open(f'{directory}/{name}', 'rb').read()


def verify(key, signature, message):
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, message, ec.ECDSA(hashes.SHA512()))
    else:
        key.verify(signature, message)


def read():
    ca = x509.load_pem_x509_certificate(content('ca.crt'))
    leaf = x509.load_pem_x509_certificate(content('leaf.crt'))
    ca.verify_directly_issued_by(ca)
    leaf.verify_directly_issued_by(ca)
    if not x509.load_pem_x509_crl(content('ca.crl')).is_signature_valid(ca.public_key()):
        raise InvalidSignature
    answer = ocsp.load_der_ocsp_response(content('leaf.ocsp'))
    verify(ca.public_key(), answer.signature, answer.tbs_response_bytes)
    assert answer.certificate_status == ocsp.OCSPCertStatus.GOOD and answer.serial_number == leaf.serial_number
    key = serialization.load_pem_private_key(content('leaf.key'), None)
    assert key.public_key() == leaf.public_key()
    print('verified', leaf.signature_algorithm_oid._name)


def write(kind):
    kinds = {
        'P-521': lambda: ec.generate_private_key(ec.SECP521R1()),
        'ML-DSA-44': mldsa.MLDSA44PrivateKey.generate,
        'ML-DSA-65': mldsa.MLDSA65PrivateKey.generate,
        'ML-DSA-87': mldsa.MLDSA87PrivateKey.generate,
    }
    digest = hashes.SHA512() if kind == 'P-521' else None
    ca_key, key = kinds[kind](), kinds[kind]()
    name = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    now = datetime.datetime.now(datetime.timezone.utc)

    def certificate(subject, public_key, is_ca):
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name('ca'))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
            .sign(ca_key, digest)
        )

    request = x509.CertificateSigningRequestBuilder().subject_name(name('leaf')).sign(key, digest)
    pem = serialization.Encoding.PEM
    for file, bytes in {
        'ca.crt': certificate('ca', ca_key.public_key(), True).public_bytes(pem),
        'leaf.crt': certificate('leaf', key.public_key(), False).public_bytes(pem),
        'leaf.csr': request.public_bytes(pem),
        'leaf.key': key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    }.items():
        open(f'{directory}/{file}', 'wb').write(bytes)


try:
    read() if action == 'read' else write(*kind)
except InvalidSignature:
    print('another key signed this')
