// What the app presents: a certificate, its private key, and the CAs above it.

import Foundation
import Security

struct ClientIdentity {
    let identity: SecIdentity
    /// The CAs between the certificate and the root, without the certificate itself: URLCredential and
    /// sec_identity_create_with_certificates put that in front.
    let chain: [SecCertificate]

    /// Reads a bundle (.p12), as `SecPKCS12Import` does. The key stays in memory from iOS 18 and macOS 15 on, where
    /// that can be asked for; before, macOS puts it into the keychain, and iOS does not.
    init(bundle: Data, password: String) throws {
        var options: [String: Any] = [kSecImportExportPassphrase as String: password]
        if #available(iOS 18.0, macOS 15.0, *) {
            options[kSecImportToMemoryOnly as String] = true
        }
        var imported: CFArray?
        let status = SecPKCS12Import(bundle as CFData, options as CFDictionary, &imported)
        switch status {
        case errSecSuccess:
            break
        case errSecAuthFailed:
            throw IdentityError.passwordOrAlgorithm
        case errSecDecode:
            throw IdentityError.notABundle
        default:
            throw IdentityError.other(status)
        }
        // A bundle without a key gives an empty array, and success.
        guard let first = (imported as? [[String: Any]])?.first,
              let found = first[kSecImportItemIdentity as String],
              CFGetTypeID(found as CFTypeRef) == SecIdentityGetTypeID()
        else {
            throw IdentityError.noKey
        }
        identity = found as! SecIdentity
        let all = first[kSecImportItemCertChain as String] as? [SecCertificate] ?? []
        chain = Array(all.dropFirst())
    }

    /// An identity that is in the app's keychain already, such as one made by `EnclaveKey`.
    init(identity: SecIdentity, chain: [SecCertificate]) {
        self.identity = identity
        self.chain = chain
    }

    /// For URLSession. `.forSession`: a certificate that was replaced is not presented again from a cache.
    var credential: URLCredential {
        URLCredential(identity: identity, certificates: chain, persistence: .forSession)
    }
}

enum IdentityError: Error, LocalizedError {
    case noKey
    case notABundle
    case other(OSStatus)
    case passwordOrAlgorithm

    var errorDescription: String? {
        switch self {
        case .noKey:
            return "the bundle holds no private key"
        case .notABundle:
            return "the file is not a PKCS#12 bundle"
        case .other(let status):
            let text = SecCopyErrorMessageString(status, nil) as String?
            return text ?? "SecPKCS12Import failed with \(status)"
        case .passwordOrAlgorithm:
            // iOS 17 and older say the same of a bundle that is encrypted with AES.
            return "the password is wrong, or this system cannot read the bundle's encryption"
        }
    }
}
