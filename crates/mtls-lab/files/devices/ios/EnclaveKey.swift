// A key that no one can copy, and a request for a certificate for it: the way into production, without a bundle.
//
// The key is made in the Secure Enclave and stays there. The app sends the CSR to its CA over a channel on which the user
// is known, gets a certificate back, and presents that from then on.

import Foundation
import Security

struct EnclaveKey {
    let key: SecKey
    private let tag: Data

    /// Makes the key, or finds the one of an earlier start. P-256 is the only kind that the Secure Enclave has. The
    /// simulator has no Secure Enclave, and `inSecureEnclave: false` makes an ordinary key of the keychain there.
    init(tag: String, inSecureEnclave: Bool = true) throws {
        self.tag = Data(tag.utf8)
        let search: [String: Any] = [
            kSecClass as String: kSecClassKey,
            kSecAttrApplicationTag as String: self.tag,
            kSecAttrKeyType as String: kSecAttrKeyTypeECSECPrimeRandom,
            kSecReturnRef as String: true,
        ]
        var found: CFTypeRef?
        if SecItemCopyMatching(search as CFDictionary, &found) == errSecSuccess,
           let found, CFGetTypeID(found) == SecKeyGetTypeID() {
            key = found as! SecKey
            return
        }
        var failure: Unmanaged<CFError>?
        // While the device is locked, a background request cannot use it; and no backup takes it elsewhere.
        guard let access = SecAccessControlCreateWithFlags(
            nil,
            kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
            inSecureEnclave ? .privateKeyUsage : [],
            &failure
        ) else {
            throw failure!.takeRetainedValue() as Error
        }
        var attributes: [String: Any] = [
            kSecAttrKeyType as String: kSecAttrKeyTypeECSECPrimeRandom,
            kSecAttrKeySizeInBits as String: 256,
            kSecPrivateKeyAttrs as String: [
                kSecAttrIsPermanent as String: true,
                kSecAttrApplicationTag as String: self.tag,
                kSecAttrAccessControl as String: access,
            ] as [String: Any],
        ]
        if inSecureEnclave {
            attributes[kSecAttrTokenID as String] = kSecAttrTokenIDSecureEnclave
        }
        guard let made = SecKeyCreateRandomKey(attributes as CFDictionary, &failure) else {
            throw failure!.takeRetainedValue() as Error
        }
        key = made
    }

    /// A PKCS#10 request (RFC 2986) in DER, for a subject of one common name. The CA decides about every name, so this
    /// is a wish; the signature proves that the app has the key.
    func certificateRequest(commonName: String) throws -> Data {
        guard let publicKey = SecKeyCopyPublicKey(key),
              let publicKeyInfo = SubjectPublicKey.info(of: publicKey)
        else {
            throw EnclaveKeyError.noPublicKey
        }
        let name = DER.sequence(
            DER.set(DER.sequence(DER.objectIdentifier([0x55, 0x04, 0x03]), DER.utf8String(commonName)))
        )
        let information = DER.sequence(DER.integer(0), name, publicKeyInfo, DER.value(0xa0, Data()))
        var failure: Unmanaged<CFError>?
        guard let signature = SecKeyCreateSignature(
            key, .ecdsaSignatureMessageX962SHA256, information as CFData, &failure
        ) as Data? else {
            throw failure!.takeRetainedValue() as Error
        }
        let ecdsaWithSHA256: [UInt8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]
        return DER.sequence(
            information,
            DER.sequence(DER.objectIdentifier(ecdsaWithSHA256)),
            DER.bitString(signature)
        )
    }

    /// Puts what the CA has issued beside the key, and gives back what the app presents. The keychain matches the two by
    /// the public key, so a certificate for another key gives `noIdentity`.
    func install(certificate: Data, chain: [Data]) throws -> ClientIdentity {
        guard let leaf = SecCertificateCreateWithData(nil, certificate as CFData) else {
            throw EnclaveKeyError.notACertificate
        }
        let add: [String: Any] = [
            kSecClass as String: kSecClassCertificate,
            kSecValueRef as String: leaf,
        ]
        let status = SecItemAdd(add as CFDictionary, nil)
        guard status == errSecSuccess || status == errSecDuplicateItem else {
            throw IdentityError.other(status)
        }
        let search: [String: Any] = [
            kSecClass as String: kSecClassIdentity,
            kSecAttrApplicationTag as String: tag,
            kSecReturnRef as String: true,
            kSecMatchLimit as String: kSecMatchLimitAll,
        ]
        var found: CFTypeRef?
        guard SecItemCopyMatching(search as CFDictionary, &found) == errSecSuccess,
              let identities = found as? [SecIdentity]
        else {
            throw EnclaveKeyError.noIdentity
        }
        // After a renewal the keychain has the old certificate too.
        let fresh = identities.first { identity in
            var its: SecCertificate?
            guard SecIdentityCopyCertificate(identity, &its) == errSecSuccess, let its else {
                return false
            }
            return SecCertificateCopyData(its) as Data == certificate
        }
        guard let fresh else {
            throw EnclaveKeyError.noIdentity
        }
        return ClientIdentity(
            identity: fresh,
            chain: chain.compactMap { SecCertificateCreateWithData(nil, $0 as CFData) }
        )
    }
}

enum EnclaveKeyError: Error {
    case noIdentity
    case noPublicKey
    case notACertificate
}

/// As much of DER (X.690) as a certificate request needs.
enum DER {
    static func value(_ tag: UInt8, _ content: Data) -> Data {
        var length = Data()
        if content.count < 0x80 {
            length.append(UInt8(content.count))
        } else {
            var octets: [UInt8] = []
            var rest = content.count
            while rest > 0 {
                octets.insert(UInt8(rest & 0xff), at: 0)
                rest >>= 8
            }
            length.append(0x80 | UInt8(octets.count))
            length.append(contentsOf: octets)
        }
        return Data([tag]) + length + content
    }

    static func sequence(_ values: Data...) -> Data {
        value(0x30, values.reduce(Data(), +))
    }

    static func set(_ values: Data...) -> Data {
        value(0x31, values.reduce(Data(), +))
    }

    static func integer(_ small: UInt8) -> Data {
        value(0x02, Data([small]))
    }

    static func objectIdentifier(_ content: [UInt8]) -> Data {
        value(0x06, Data(content))
    }

    static func utf8String(_ text: String) -> Data {
        value(0x0c, Data(text.utf8))
    }

    static func bitString(_ octets: Data) -> Data {
        value(0x03, Data([0]) + octets)
    }
}
