"""Writes a client certificate for the lab's client key, with a common name in JSON: LAB OUT SECONDS NAME."""
import sys, datetime, json
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
lab, out, seconds, name = sys.argv[1:]
ca = x509.load_pem_x509_certificate(open(lab + '/ca.crt', 'rb').read())
ca_key = serialization.load_pem_private_key(open(lab + '/ca.key', 'rb').read(), None)
key = serialization.load_pem_private_key(open(lab + '/client.key', 'rb').read(), None)
now = datetime.datetime.now(datetime.timezone.utc)
certificate = (
    x509.CertificateBuilder()
    .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, json.loads(name))]))
    .issuer_name(ca.subject)
    .public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(minutes=1))
    .not_valid_after(now + datetime.timedelta(seconds=int(seconds)))
    .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    .sign(ca_key, hashes.SHA256())
)
open(out, 'wb').write(certificate.public_bytes(serialization.Encoding.PEM))
