// Where the lab's server is, and what the app trusts and presents. The one file that differs from lab to lab.

import Foundation

enum Lab {
    /// The server. A phone has to resolve this name: make the lab with `--san NAME` for one that it does.
    static let url = URL(string: "https://@HOST@:@PORT@/")!
    static let host = "@HOST@"
    static let port: UInt16 = @PORT@

    /// SHA-256 of public keys (SubjectPublicKeyInfo, DER), in base64: that of the server, and that of its CA. With the
    /// CA's key among the pins, the server may change its own key. With the server's alone, it must not.
    static let pins: Set<String> = [
        "@SERVER_PIN@",
        "@CA_PIN@",
    ]

    /// `same-ca/ca.crt` as DER (`openssl x509 -in same-ca/ca.crt -outform der -out ca.der`), in the app's resources.
    static let root = "ca.der"

    /// `same-ca/client_ios.p12`, which iOS 17 and older take too, in the app's resources.
    static let bundle = "client_ios.p12"

    /// Everybody knows it. An app that protects anything asks its user, or has a key of its own (`EnclaveKey.swift`).
    static let password = "@PASSWORD@"
}
