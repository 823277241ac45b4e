//! One handshake, and one request on it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, InvalidMessage, NamedGroup, PeerIncompatible,
    ProtocolVersion, Stream, SupportedProtocolVersion, version,
};
use time::OffsetDateTime;

use super::dial::dial;
use super::exchange::{Received, exchange};
use super::recorder::Recorder;
use super::timed::Timed;
use crate::probe::attempt::{Answer, Attempt, Outcome, Presented, Stage};
use crate::probe::observation::NotReached;

/// What all connections have in common.
#[derive(Debug)]
pub(in crate::probe) struct Plan<'a> {
    pub(in crate::probe) addresses: &'a [SocketAddr],
    pub(in crate::probe) name: &'a ServerName<'static>,
    pub(in crate::probe) request: &'a str,
    pub(in crate::probe) timeout: Duration,
}

/// Connects, offers `offered` alone, presents what `recorder` has, and asks.
///
/// # Errors
///
/// [`NotReached`] without a TCP connection.
pub(in crate::probe) fn attempt(
    plan: &Plan<'_>,
    config: &Arc<ClientConfig>,
    recorder: &Recorder,
    presented: Presented,
    offered: ProtocolVersion,
) -> Result<Attempt, NotReached> {
    let until = Instant::now() + plan.timeout;
    let (stream, _) = dial(plan.addresses, until)?;
    let mut io = Timed::new(stream, until);
    recorder.take();
    let mut tls = match ClientConnection::new(Arc::clone(config), plan.name.clone()) {
        Ok(tls) => tls,
        Err(error) => {
            let outcome = Outcome::EndedByUs(error.to_string());
            return Ok(written_down(recorder, None, presented, offered, outcome));
        }
    };
    let outcome = run(plan, &mut tls, &mut io, recorder);
    Ok(written_down(
        recorder,
        Some(&tls),
        presented,
        offered,
        outcome,
    ))
}

/// The same request without TLS.
///
/// # Errors
///
/// [`NotReached`] without a TCP connection.
pub(in crate::probe) fn plain(plan: &Plan<'_>) -> Result<Outcome, NotReached> {
    let until = Instant::now() + plan.timeout;
    let (stream, _) = dial(plan.addresses, until)?;
    let mut io = Timed::new(stream, until);
    let received = exchange(&mut io, plan.request.as_bytes(), MAX_ANSWER);
    Ok(match received {
        Received {
            status: Some(_), ..
        } => Outcome::Answered(answer(&received)),
        Received { any: true, .. } => Outcome::NotHttp(io.first().to_vec()),
        Received {
            error: Some(error), ..
        } if is_silence(&error) => Outcome::Silent,
        _ => Outcome::Closed,
    })
}

fn run(
    plan: &Plan<'_>,
    tls: &mut ClientConnection,
    io: &mut Timed,
    recorder: &Recorder,
) -> Outcome {
    while tls.is_handshaking() {
        if let Err(error) = tls.complete_io(io) {
            return ended(tls, io, error);
        }
    }
    if let Err(error) = wait_for_verdict(tls, io, recorder) {
        return ended(tls, io, error);
    }
    let received = exchange(
        &mut Stream::new(tls, io),
        plan.request.as_bytes(),
        MAX_ANSWER,
    );
    match received {
        Received { any: true, .. } => Outcome::Answered(answer(&received)),
        Received {
            error: Some(error), ..
        } => ended(tls, io, error),
        _ => Outcome::Closed,
    }
}

/// In TLS 1.3 our side of the handshake is done before the server has seen our certificate. A request that is sent
/// before the server closes would make it reset the connection, and the reset would overtake the alert. So first wait
/// a moment for what a server sends after the handshake: a session ticket, an alert, its end.
fn wait_for_verdict(
    tls: &mut ClientConnection,
    io: &mut Timed,
    recorder: &Recorder,
) -> io::Result<()> {
    if tls.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return Ok(());
    }
    let until = io.set_until(Instant::now() + VERDICT);
    let waited = loop {
        if recorder.has_ticket() {
            break Ok(());
        }
        match tls.read_tls(io) {
            Ok(0) => break Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {
                if let Err(error) = tls.process_new_packets() {
                    break Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            }
            Err(error) if is_silence(&error) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    io.set_until(until);
    waited
}

/// What an I/O error means.
fn ended(tls: &mut ClientConnection, io: &mut Timed, error: io::Error) -> Outcome {
    let tls_error = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls_error {
        Some(error) => ended_by(error, io.first()),
        None if is_silence(&error) => Outcome::Silent,
        // Writing failed; what the server said before may still be there.
        None => match tls.read_tls(io).map(|_| tls.process_new_packets()) {
            Ok(Err(error)) => ended_by(&error, io.first()),
            _ => Outcome::Closed,
        },
    }
}

fn ended_by(error: &rustls::Error, first: &[u8]) -> Outcome {
    match error {
        rustls::Error::AlertReceived(alert) => Outcome::Alert(*alert),
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Outcome::OtherVersion,
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
            | InvalidMessage::InvalidEmptyPayload,
        ) if !first.first().is_some_and(|byte| RECORDS.contains(byte)) => {
            Outcome::NotTls(first.to_vec())
        }
        error => Outcome::EndedByUs(error.to_string()),
    }
}

fn is_silence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn answer(received: &Received) -> Answer {
    let date = received
        .header("date")
        .and_then(|date| httpdate::parse_http_date(date).ok());
    let mut body = received.body.clone();
    body.truncate(MAX_BODY);
    Answer {
        status: received.status,
        server: received.header("server").map(str::to_owned),
        date: date.map(OffsetDateTime::from),
        body,
    }
}

fn written_down(
    recorder: &Recorder,
    tls: Option<&ClientConnection>,
    presented: Presented,
    offered: ProtocolVersion,
    outcome: Outcome,
) -> Attempt {
    let seen = recorder.take();
    let suite = tls.and_then(|tls| tls.negotiated_cipher_suite());
    let group = tls.and_then(|tls| tls.negotiated_key_exchange_group());
    let stage = match tls {
        Some(tls) if !tls.is_handshaking() => Stage::Finished,
        _ if !seen.chain.is_empty() || suite.is_some() => Stage::Handshake,
        _ => Stage::Hello,
    };
    Attempt {
        offered,
        presented,
        suite: suite.map(|suite| format!("{:?}", suite.suite())),
        group: group.map(|group| format!("{:?}", group.name())),
        chain: seen.chain,
        proven: seen.proven,
        request: seen.request,
        withheld: seen.withheld,
        stapled: seen.stapled,
        resumed: tls.is_some_and(|tls| tls.handshake_kind() == Some(HandshakeKind::Resumed)),
        stage,
        outcome,
    }
}

/// A configuration that offers one version, as a browser does: with a post-quantum key share.
pub(in crate::probe) fn config(
    provider: &Arc<CryptoProvider>,
    recorder: &Arc<Recorder>,
    offered: ProtocolVersion,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(supported(offered))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(recorder) as _)
        .with_client_cert_resolver(Arc::clone(recorder) as _);
    config.resumption = rustls::client::Resumption::store(Arc::clone(recorder) as _);
    Ok(Arc::new(config))
}

fn supported(offered: ProtocolVersion) -> &'static [&'static SupportedProtocolVersion] {
    static TLS12: [&SupportedProtocolVersion; 1] = [&version::TLS12];
    static TLS13: [&SupportedProtocolVersion; 1] = [&version::TLS13];
    match offered {
        ProtocolVersion::TLSv1_2 => &TLS12,
        _ => &TLS13,
    }
}

/// A provider whose first key share is the large one that browsers send, of X25519MLKEM768.
pub(in crate::probe) fn provider() -> CryptoProvider {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider
        .kx_groups
        .sort_by_key(|group| group.name() != NamedGroup::X25519MLKEM768);
    provider
}

/// The same without it, so that the ClientHello fits into one packet.
pub(in crate::probe) fn provider_of_small_hello() -> CryptoProvider {
    let mut provider = provider();
    provider
        .kx_groups
        .retain(|group| group.name() != NamedGroup::X25519MLKEM768);
    provider
}

/// How long a server that accepts has for its first word, which it need not say.
const VERDICT: Duration = Duration::from_millis(700);

/// ChangeCipherSpec, alert, handshake, application data: how a TLS record begins (RFC 8446 section 5.1).
const RECORDS: [u8; 4] = [20, 21, 22, 23];

/// Head and beginning of the body.
const MAX_ANSWER: usize = 16 * 1024;
const MAX_BODY: usize = 4 * 1024;
