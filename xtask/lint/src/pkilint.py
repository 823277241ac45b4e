"""Lints certificates, one in base64 a line on stdin: a JSON list of findings at WARNING and above, a line each."""
import base64, json, sys
from pkilint import loader
from pkilint.pkix import certificate, extension, name
from pkilint.validation import ValidationFindingSeverity

validator = certificate.create_pkix_certificate_validator_container(
    certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
    [
        certificate.create_issuer_validator_container([]),
        certificate.create_validity_validator_container(),
        certificate.create_subject_validator_container([]),
        certificate.create_extensions_validator_container([]),
        certificate.create_spki_validator_container([]),
    ],
)
for line in sys.stdin:
    try:
        document = loader.RFC5280CertificateDocumentLoader().load_der_document(base64.b64decode(line), 'stdin')
        findings = [
            [description.finding.code, description.message or '']
            for result in validator.validate(document.root)
            for description in result.finding_descriptions
            if description.finding.severity <= ValidationFindingSeverity.WARNING
        ]
    except ValueError as error:
        findings = [['unreadable', str(error)]]
    print(json.dumps(findings), flush=True)
