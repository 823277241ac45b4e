// Whom the app trusts: servers whose chain leads to its own root, and has a key that is pinned.

import CryptoKit
import Foundation
import Security

struct ServerTrust {
    /// The only roots that count. Those of the system do not.
    let roots: [SecCertificate]
    /// SHA-256 of SubjectPublicKeyInfo, in base64; at least one certificate of the chain must have one of these keys.
    let pins: Set<String>

    /// Whether the server may be talked to. `trust` has the policy of TLS for the host that was asked for, so this
    /// checks the name as well.
    func accepts(_ trust: SecTrust) -> Bool {
        guard SecTrustSetAnchorCertificates(trust, roots as CFArray) == errSecSuccess,
              SecTrustSetAnchorCertificatesOnly(trust, true) == errSecSuccess,
              SecTrustEvaluateWithError(trust, nil)
        else {
            return false
        }
        // After the evaluation this is the verified chain, and not what the server has sent.
        guard let chain = SecTrustCopyCertificateChain(trust) as? [SecCertificate] else {
            return false
        }
        return chain.contains { certificate in
            SubjectPublicKey.pin(of: certificate).map(pins.contains) ?? false
        }
    }
}

enum SubjectPublicKey {
    /// The pin of a certificate's key; nil where the key is of a kind that is not listed below.
    static func pin(of certificate: SecCertificate) -> String? {
        guard let key = SecCertificateCopyKey(certificate),
              let encoded = info(of: key)
        else {
            return nil
        }
        return Data(SHA256.hash(data: encoded)).base64EncodedString()
    }

    /// The SubjectPublicKeyInfo of a public key, in DER. Security.framework gives the bare key: what is in front of it
    /// (algorithm, parameters, lengths) is the same for all keys of a kind and size.
    static func info(of key: SecKey) -> Data? {
        guard let attributes = SecKeyCopyAttributes(key) as? [String: Any],
              let type = attributes[kSecAttrKeyType as String] as? String,
              let bits = attributes[kSecAttrKeySizeInBits as String] as? Int,
              let bare = SecKeyCopyExternalRepresentation(key, nil) as Data?,
              let prefix = prefixes["\(type == kSecAttrKeyTypeRSA as String ? "rsa" : "ec")\(bits)"]
        else {
            return nil
        }
        return Data(prefix) + bare
    }

    private static let prefixes: [String: [UInt8]] = [
        "ec256": [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
            0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ],
        "ec384": [
            0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
            0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
        ],
        "rsa2048": [
            0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
            0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
        ],
        "rsa4096": [
            0x30, 0x82, 0x02, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
            0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x02, 0x0f, 0x00,
        ],
    ]
}
