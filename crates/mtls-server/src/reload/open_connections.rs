//! Open connections are checked again, and those that are no longer good are terminated: by each new configuration, by
//! the same one at each reload, and when a client is revoked.

use std::sync::Arc;

use rustls::pki_types::UnixTime;

use crate::{
    config::mtls_config::MtlsConfig,
    connection::{
        connections::{self, Connections},
        end::End,
        identity::ConnectionIdentity,
    },
    verify::client_auth::ClientAuth,
};

/// Terminates the connections that have to end under these settings for a reason that counts. Returns how many those
/// are.
pub(super) fn terminate(
    open: &Connections,
    config: &MtlsConfig,
    counts: impl Fn(End) -> bool,
) -> usize {
    let mut ended = 0;
    for connection in open.all() {
        if let Some(end) = reason_to_end(config, &connection).filter(|end| counts(*end)) {
            connections::terminate(&connection, end);
            ended += 1;
        }
    }
    open.close_due();
    ended
}

/// Whether the reason lies in the client's certificate rather than in new settings.
pub(super) fn is_of_certificate(end: End) -> bool {
    matches!(end, End::Certificate(_))
}

/// Whether a connection has to end under these settings, and why.
pub(super) fn reason_to_end(config: &MtlsConfig, connection: &ConnectionIdentity) -> Option<End> {
    let host = config.host(connection.tls().server_name());
    let client = connection.client();
    match client.map(|client| host.verdicts.verify_again(client, UnixTime::now())) {
        None if host.client_auth == ClientAuth::Required => {
            return Some(End::Settings("no-certificate"));
        }
        Some(Err(error)) => return Some(End::Certificate(error.code())),
        None | Some(Ok(_)) => {}
    }
    let same_rule = match (&host.policy.rule, &connection.policy().rule) {
        (None, None) => true,
        (Some(new), Some(old)) => new.is(old),
        _ => false,
    };
    let same_trust = match (config.trust_forwarded(), connection.trust_forwarded()) {
        (None, None) => true,
        (Some(new), Some(old)) => Arc::ptr_eq(new, old),
        _ => false,
    };
    (!(same_rule && same_trust)).then_some(End::Reloaded)
}
