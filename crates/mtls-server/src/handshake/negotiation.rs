//! The TLS handshake of one connection, by the settings of the virtual host that its client asks for.

use std::sync::Arc;

use rustls::{HandshakeKind, ProtocolVersion};
#[cfg(feature = "ocsp")]
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{StartHandshake, server::TlsStream};

use crate::{
    config::active_host::ActiveHost,
    handshake::{
        client_hello::client_hello,
        refusal::{Refusal, RefusalReason},
    },
    reload::active::{ActiveConfig, Generation},
    verify::{
        client_auth::ClientAuth,
        context::{Claimed, HandshakeContext, Verdict},
        verdict_cache::Verified,
    },
};

/// A finished handshake, or the refusal and the stream on which it was sent.
pub(super) type Outcome<IO> = Result<(TlsStream<IO>, Admitted), (Box<Refusal>, Option<IO>)>;

/// Who was accepted, and by which settings.
pub(super) struct Admitted {
    pub(super) client: Option<Arc<Verified>>,
    pub(super) generation: Arc<Generation>,
}

/// A reason to refuse a connection, and the certificate that its peer claims.
type Why = (RefusalReason, Option<Claimed>);

/// Reads the ClientHello and does the handshake.
pub(super) async fn negotiate<IO>(active: &ActiveConfig, mut io: IO) -> Outcome<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let first_byte = active.active().config.limits().first_byte;
    let (accepted, rest) = match client_hello(&mut io, first_byte).await {
        Ok(hello) => hello,
        Err(reason) => return Err((Box::new(Refusal::new(reason)), Some(io))),
    };
    let server_name = accepted.client_hello().server_name().map(str::to_owned);
    let generation = active.active();
    let host = generation.config.host(server_name.as_deref());
    let mut version = None;
    // rustls handles the ClientHello, and a session in it, before anything is awaited.
    let handshake = async {
        let handshake = StartHandshake::from_parts(accepted, io).into_stream_with(
            Arc::clone(&host.rustls),
            |connection| {
                version = connection.protocol_version();
                // Reading from memory cannot fail, and rustls reads what it has room for.
                let mut rest = rest.as_slice();
                while !rest.is_empty() && connection.read_tls(&mut rest).is_ok_and(|n| n > 0) {}
            },
        );
        handshake.into_fallible().await
    };
    let (outcome, context) = HandshakeContext::scope(handshake).await;
    let (why, io) = match outcome {
        Ok(stream) => {
            let client = match identify(host, &stream, context) {
                #[cfg(feature = "ocsp")]
                Ok(client) => query_ocsp(host, client.as_deref()).await.map(|()| client),
                #[cfg(not(feature = "ocsp"))]
                Ok(client) => Ok(client),
                Err(reason) => Err((reason, None)),
            };
            match client {
                Ok(client) => return Ok((stream, Admitted { client, generation })),
                Err(why) => (why, stream.into_inner().0),
            }
        }
        Err((error, io)) => {
            let reason = RefusalReason::of_io(error).with_key(host.tls13_key.as_ref());
            (why_failed(reason, context), io)
        }
    };
    let (reason, claimed) = why;
    let refusal = Refusal {
        reason,
        claimed,
        server_name,
        version: version.map(version_name),
    };
    Err((Box::new(refusal), Some(io)))
}

/// Why a handshake failed. The verifier knows more than the errors of rustls can say.
fn why_failed(reason: RefusalReason, context: HandshakeContext) -> Why {
    match (reason, context.verdict) {
        (_, Some(Verdict::Refused { error, claimed })) => {
            (RefusalReason::Certificate(error), claimed)
        }
        (reason, Some(Verdict::Verified(verified))) => {
            let reason = match reason {
                RefusalReason::Tls(error) => RefusalReason::Possession(error),
                reason => reason,
            };
            let leaf = Arc::clone(verified.path.leaf());
            (reason, Some(Claimed::Certificate(leaf)))
        }
        (reason, None) => (reason, None),
    }
}

/// The client of a finished handshake: what the context says must be about the certificate of this
/// connection.
fn identify<IO>(
    host: &ActiveHost,
    stream: &TlsStream<IO>,
    context: HandshakeContext,
) -> Result<Option<Arc<Verified>>, RefusalReason> {
    let connection = stream.get_ref().1;
    let presented = connection.peer_certificates().and_then(<[_]>::first);
    let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    let verified = match context {
        HandshakeContext {
            session: Some(session),
            ..
        } if resumed => session.client,
        // No session storage of ours has allowed it.
        _ if resumed => return Err(RefusalReason::Session),
        HandshakeContext {
            verdict: Some(Verdict::Verified(verified)),
            ..
        } => Some(verified),
        _ => None,
    };
    match (verified, presented) {
        (Some(verified), Some(presented)) if verified.path.leaf().der() == presented.as_ref() => {
            Ok(Some(verified))
        }
        // No certificate was verified. A session that was offered and not resumed may have been that of
        // somebody else.
        (_, None) if host.client_auth == ClientAuth::Optional => Ok(None),
        (_, None) => Err(RefusalReason::NoCertificate),
        (_, Some(_)) => Err(RefusalReason::Session),
    }
}

/// Queries an OCSP responder about a client, where that is set up.
#[cfg(feature = "ocsp")]
async fn query_ocsp(host: &ActiveHost, client: Option<&Verified>) -> Result<(), Why> {
    let (Some(check), Some(verified)) = (&host.ocsp, client) else {
        return Ok(());
    };
    let verdict = check.check(&verified.path, OffsetDateTime::now_utc()).await;
    let refused = |refusal| {
        let claimed = Claimed::Certificate(Arc::clone(verified.path.leaf()));
        (RefusalReason::Ocsp(refusal), Some(claimed))
    };
    verdict.map(drop).map_err(refused)
}

fn version_name(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "unknown",
    }
}
