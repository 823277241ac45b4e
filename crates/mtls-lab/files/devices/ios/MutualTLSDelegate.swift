// URLSession over mutual TLS: the delegate answers who the app is, and whether it talks to the right server.

import Foundation
import Security

final class MutualTLSDelegate: NSObject, URLSessionDelegate {
    private let client: ClientIdentity
    private let server: ServerTrust

    init(client: ClientIdentity, server: ServerTrust) {
        self.client = client
        self.server = server
    }

    func urlSession(
        _ session: URLSession,
        didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        switch challenge.protectionSpace.authenticationMethod {
        case NSURLAuthenticationMethodClientCertificate:
            // To the lab's server only: a redirect elsewhere is not told who the client is.
            guard challenge.protectionSpace.host == Lab.host else {
                completionHandler(.cancelAuthenticationChallenge, nil)
                return
            }
            completionHandler(.useCredential, client.credential)

        case NSURLAuthenticationMethodServerTrust:
            guard let trust = challenge.protectionSpace.serverTrust, server.accepts(trust) else {
                completionHandler(.cancelAuthenticationChallenge, nil)
                return
            }
            completionHandler(.useCredential, URLCredential(trust: trust))

        default:
            completionHandler(.performDefaultHandling, nil)
        }
    }
}

/// A request to the lab, from the files in the app's resources.
enum LabClient {
    static func makeSession() throws -> URLSession {
        let client = try ClientIdentity(bundle: resource(Lab.bundle), password: Lab.password)
        guard let root = SecCertificateCreateWithData(nil, try resource(Lab.root) as CFData) else {
            throw CocoaError(.fileReadCorruptFile)
        }
        let server = ServerTrust(roots: [root], pins: Lab.pins)
        // Ephemeral: no cache, no cookies, and no credential of an earlier session.
        let configuration = URLSessionConfiguration.ephemeral
        configuration.tlsMinimumSupportedProtocolVersion = .TLSv12
        let delegate = MutualTLSDelegate(client: client, server: server)
        return URLSession(configuration: configuration, delegate: delegate, delegateQueue: nil)
    }

    static func hello() async throws -> String {
        // A session keeps its delegate, and what is in its connections, until it is told to end.
        let session = try makeSession()
        defer { session.finishTasksAndInvalidate() }
        let (body, response) = try await session.data(from: Lab.url)
        guard let http = response as? HTTPURLResponse, http.statusCode == 200 else {
            throw URLError(.badServerResponse)
        }
        return String(decoding: body, as: UTF8.self)
    }

    private static func resource(_ name: String) throws -> Data {
        guard let url = Bundle.main.url(forResource: name, withExtension: nil) else {
            throw CocoaError(.fileNoSuchFile)
        }
        return try Data(contentsOf: url)
    }
}
