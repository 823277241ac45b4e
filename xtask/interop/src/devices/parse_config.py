# Reads Android's network security configuration, by what its documentation allows where. Ends with 1 if it is not one.
# https://developer.android.com/privacy-and-security/security-config

import base64
import sys
import xml.etree.ElementTree

ALLOWED = {
    "network-security-config": {"base-config", "domain-config", "debug-overrides"},
    "base-config": {"trust-anchors"},
    "domain-config": {"domain", "trust-anchors", "pin-set", "domain-config"},
    "debug-overrides": {"trust-anchors"},
    "trust-anchors": {"certificates"},
    "pin-set": {"pin"},
    "certificates": set(),
    "domain": set(),
    "pin": set(),
}


def check(element):
    for child in element:
        if child.tag not in ALLOWED[element.tag]:
            raise ValueError(f"{child.tag} in {element.tag}")
        check(child)
    if element.tag == "pin":
        assert element.get("digest") == "SHA-256", "the digest of a pin"
        assert len(base64.b64decode(element.text, validate=True)) == 32, "the length of a pin"
    if element.tag == "domain":
        assert element.text and "/" not in element.text, "a domain is a name"


path = sys.argv[1]
try:
    root = xml.etree.ElementTree.parse(path).getroot()
    assert root.tag == "network-security-config", "the outermost element"
    check(root)
except (AssertionError, ValueError, KeyError, xml.etree.ElementTree.ParseError) as error:
    print(f"{path}: not a network security configuration: {error}")
    sys.exit(1)
