// The same without HTTP: Network.framework, for protocols of one's own.

import Foundation
import Network
import Security

enum LabConnection {
    /// TLS that presents `client` and talks to `server` alone.
    static func parameters(client: ClientIdentity, server: ServerTrust) -> NWParameters {
        let tls = NWProtocolTLS.Options()
        let options = tls.securityProtocolOptions
        sec_protocol_options_set_min_tls_protocol_version(options, .TLSv12)
        if let identity = sec_identity_create_with_certificates(client.identity, client.chain as CFArray) {
            sec_protocol_options_set_local_identity(options, identity)
        }
        sec_protocol_options_set_verify_block(
            options,
            { _, trust, complete in
                // It has the policy for the host of the endpoint.
                complete(server.accepts(sec_trust_copy_ref(trust).takeRetainedValue()))
            },
            DispatchQueue(label: "lab.verify")
        )
        return NWParameters(tls: tls)
    }

    /// Connects, and says how that ended. A server that refuses the client's certificate does so after the handshake in
    /// TLS 1.3, so `ready` alone does not mean that the client is accepted: the first answer does.
    static func open(
        client: ClientIdentity,
        server: ServerTrust,
        whenReady: @escaping (NWConnection) -> Void,
        whenFailed: @escaping (NWError) -> Void
    ) {
        let connection = NWConnection(
            host: NWEndpoint.Host(Lab.host),
            port: NWEndpoint.Port(rawValue: Lab.port)!,
            using: parameters(client: client, server: server)
        )
        connection.stateUpdateHandler = { state in
            switch state {
            case .ready:
                whenReady(connection)
            case .failed(let error):
                whenFailed(error)
                connection.cancel()
            case .waiting(let error):
                // A refused certificate ends here: Network.framework would try again for ever.
                whenFailed(error)
                connection.cancel()
            default:
                break
            }
        }
        connection.start(queue: .main)
    }
}
