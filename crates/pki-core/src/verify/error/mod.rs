//! Why a certificate was refused: one variant a reason, each with what a person needs to act on it.

mod kind;

use std::error::Error as StdError;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_identity::{KeyUsageBit, ParseError};

use super::{Purpose, RevocationReason};

pub use kind::VerifyErrorKind;

/// The one reason for which a presented certificate was refused.
///
/// Subjects and issuers are RFC 4514 text from certificates, and until a path is found anybody may have written
/// them: print them, do not decide by them. [`VerifyError::code`] is for tables and audit
/// events, [`VerifyError::kind`] for the choice of a TLS alert.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The trust anchor that the chain ends in has itself expired. Strict only.
    #[error(
        "trust anchor {subject} expired at {}, it is {} now: replace it in the trust bundle",
        stamp(not_after),
        stamp(now)
    )]
    AnchorExpired {
        /// The trust anchor.
        subject: String,
        /// Its last valid second.
        not_after: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },

    /// The trust bundle holds a certificate that is not a CA certificate, and the chain ends there. Strict only.
    #[error(
        "trusted certificate {subject} is not a CA (basicConstraints CA:TRUE is missing): trust the CA that issued it instead"
    )]
    AnchorNotCa {
        /// The certificate in the trust bundle.
        subject: String,
    },

    /// The trust anchor that the chain ends in is not valid yet. Strict only.
    #[error(
        "trust anchor {subject} is not valid before {}, it is {} now: check the clock or wait",
        stamp(not_before),
        stamp(now)
    )]
    AnchorNotYetValid {
        /// The trust anchor.
        subject: String,
        /// Its first valid second.
        not_before: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },

    /// A CA of the right name exists, but its key did not make this signature.
    #[error(
        "signature on {subject} was not made by the key of {issuer}: it was altered, or comes from another CA of that name"
    )]
    BadSignature {
        /// The certificate whose signature is wrong.
        subject: String,
        /// The CA it names.
        issuer: String,
    },

    /// A CA certificate was presented where a client's or server's own belongs.
    #[error(
        "{subject} is a CA certificate: present a certificate that the CA issued for this {purpose}"
    )]
    CaAsLeaf {
        /// The CA.
        subject: String,
        /// What it was presented for.
        purpose: Purpose,
    },

    /// More work than an honest chain needs (look-alike issuers, name constraints).
    #[error("presented chain is too complex to verify: send the leaf and its intermediates only")]
    ChainTooComplex(#[source] Box<dyn StdError + Send + Sync>),

    /// More certificates or bytes than allowed.
    #[error(
        "presented chain has {certificates} certificates and {bytes} bytes, at most {max_certificates} and {max_bytes} are read: send the leaf and its intermediates only"
    )]
    ChainTooLarge {
        /// Certificates presented, the leaf included.
        certificates: usize,
        /// Their DER bytes in all.
        bytes: usize,
        /// The limit on certificates.
        max_certificates: usize,
        /// The limit on bytes.
        max_bytes: usize,
    },

    /// No CRL of the issuer carries a good signature by the issuer's key.
    #[error(
        "no CRL of {issuer} is signed by that CA's key and names no other: load the CRL that this CA issued"
    )]
    CrlBadSignature {
        /// The CA whose CRL was needed.
        issuer: String,
    },

    /// The newest CRL of the issuer should have been replaced by now.
    #[error(
        "CRL of {issuer} expired at {}, it is {} now: load a newer one",
        stamp(next_update),
        stamp(now)
    )]
    CrlExpired {
        /// The CA whose CRL it is.
        issuer: String,
        /// The CRL's nextUpdate, without grace.
        next_update: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },

    /// The newest CRL of the issuer is dated in the future.
    #[error(
        "CRL of {issuer} starts at {}, it is {} now: check the clocks",
        stamp(this_update),
        stamp(now)
    )]
    CrlNotYetValid {
        /// The CA whose CRL it is.
        issuer: String,
        /// The CRL's thisUpdate.
        this_update: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },

    /// The leaf or an intermediate is past its notAfter.
    #[error(
        "{subject} expired at {}, it is {} now: renew it",
        stamp(not_after),
        stamp(now)
    )]
    Expired {
        /// The certificate.
        subject: String,
        /// Its last valid second.
        not_after: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },

    /// A key usage extension is there and does not contain the bit that this position needs.
    #[error("key usage of {subject} lacks {}: issue it again with that bit or without the extension", needed.name())]
    KeyUsage {
        /// The certificate.
        subject: String,
        /// The missing bit.
        needed: KeyUsageBit,
    },

    /// A presented certificate cannot be read, or says something no certificate may say.
    #[error("{}", malformed(*position))]
    Malformed {
        /// 0 is the leaf, 1 the first certificate after it.
        position: usize,
        /// What is wrong with it.
        source: ParseError,
    },

    /// A name in the chain lies outside what one of its CAs may issue for.
    #[error("name constraints of a CA above {subject} forbid one of its names")]
    NameConstraint {
        /// The leaf.
        subject: String,
    },

    /// The server's certificate is for other names than the one that was dialled.
    #[error("{}", name_mismatch(wanted, presented, unmatchable))]
    NameMismatch {
        /// The name or address that was dialled.
        wanted: String,
        /// The certificate's DNS names and addresses.
        presented: Vec<String>,
        /// What it has as DNS names and no server is dialled by: an IP address, a wildcard alone.
        unmatchable: Vec<String>,
    },

    /// The leaf does not say what it is for. Strict only.
    #[error("{subject} has no extended key usage: issue it again with {needed}", needed = purpose.usage())]
    NoExtendedKeyUsage {
        /// The leaf.
        subject: String,
        /// What it was presented for.
        purpose: Purpose,
    },

    /// The leaf has an empty subject and no subject alternative name, or a CA has an empty subject. Strict only.
    #[error(
        "certificate with serial {serial} has no name: issue it again with a subject or a subject alternative name"
    )]
    NoName {
        /// Its serial number.
        serial: String,
    },

    /// The server's certificate has neither a DNS name nor an IP address among its alternative names.
    #[error(
        "{subject} names no host: issue it again with the server's DNS names or IP addresses as subject alternative \
         names (a common name is not looked at)"
    )]
    NoServerName {
        /// The certificate.
        subject: String,
    },

    /// A certificate that is not a CA's stands where an issuer belongs.
    #[error("certificate above {subject} is not a CA: only a CA may issue certificates")]
    NotACa {
        /// The leaf.
        subject: String,
    },

    /// The leaf or an intermediate is before its notBefore.
    #[error(
        "{subject} is not valid before {}, it is {} now: check the clocks or wait",
        stamp(not_before),
        stamp(now)
    )]
    NotYetValid {
        /// The certificate.
        subject: String,
        /// Its first valid second.
        not_before: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },

    /// More intermediates below a CA than its pathLenConstraint allows.
    #[error("chain of {subject} has more intermediates than a CA in it allows (pathLenConstraint)")]
    PathLength {
        /// The leaf.
        subject: String,
    },

    /// A CA in the path asks for a certificate policy that the path does not have, or its policies cannot
    /// be read. Strict only.
    #[error(
        "policies of {subject} do not meet what a CA above it asks for: issue it again with one of the CA's policies"
    )]
    Policy {
        /// The leaf, or the certificate whose policies cannot be read.
        subject: String,
    },

    /// The path library refused for a reason that has no variant of its own.
    #[error("chain of {subject} was refused")]
    Rejected {
        /// The leaf.
        subject: String,
        /// The library's reason.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// A signature in the path was made by RSASSA-PSS with other parameters than TLS has.
    #[error(
        "{subject} is signed with {parameters}, and of RSASSA-PSS only SHA-256, SHA-384 and SHA-512 with a salt as \
         long as the hash are accepted: issue it again with these (openssl: -sigopt rsa_pss_saltlen:digest), or \
         without PSS"
    )]
    PssParameters {
        /// The certificate that carries the signature.
        subject: String,
        /// Hash and salt.
        parameters: String,
    },

    /// No loaded CRL says whether this certificate is revoked.
    #[error(
        "no CRL of {issuer} covers {subject}: load that CA's CRL, and where it has several the one for the distribution \
         point that the certificate names"
    )]
    RevocationUnknown {
        /// The certificate.
        subject: String,
        /// The CA that should have said so.
        issuer: String,
    },

    /// A CRL has an entry for this certificate.
    #[error(
        "{subject} (serial {serial}) was revoked at {} for {reason}: use another certificate",
        stamp(date)
    )]
    Revoked {
        /// The certificate.
        subject: String,
        /// Its serial number.
        serial: String,
        /// The reason that the CRL gives.
        reason: RevocationReason,
        /// Since when.
        date: OffsetDateTime,
    },

    /// The certificate is signed by its own key and is not among the trusted ones.
    #[error("{subject} is self-signed and not trusted: use one that a trusted CA issued")]
    SelfSigned {
        /// The certificate.
        subject: String,
    },

    /// More intermediates between leaf and trust anchor than allowed.
    #[error("chain of {subject} has more than {allowed} intermediates")]
    TooDeep {
        /// The leaf.
        subject: String,
        /// The limit.
        allowed: usize,
    },

    /// A name of the leaf has a character that no name should have (a line break would forge a line of a log), or is
    /// too long. Strict only.
    #[error("a name in the certificate with serial {serial} {problem}: issue it again")]
    UnfitName {
        /// Its serial number.
        serial: String,
        /// What is wrong with the name.
        problem: &'static str,
    },

    /// An extension is marked critical and nothing here obeys it.
    #[error(
        "{subject} has a critical extension that is not understood ({oid}): issue it again without, or not critical"
    )]
    UnknownCriticalExtension {
        /// The certificate.
        subject: String,
        /// The extension's dotted object identifier.
        oid: String,
    },

    /// No trust anchor and no presented intermediate is the issuer.
    #[error(
        "issuer of {subject} is not trusted: {issuer} (send the missing intermediate, or trust its root)"
    )]
    UnknownIssuer {
        /// The certificate at which the chain breaks.
        subject: String,
        /// The CA that is missing.
        issuer: String,
    },

    /// The leaf or an intermediate is not an X.509 version 3 certificate.
    #[error(
        "{subject} is an X.509 version {version} certificate, only version 3 says what it is for: issue it again with extensions"
    )]
    UnsupportedVersion {
        /// The certificate.
        subject: String,
        /// 1 or 2.
        version: u8,
    },

    /// A key in the path is too small or of a kind not accepted.
    #[error(
        "{subject} has a key that is not accepted ({key}): use P-256, P-384, Ed25519 or RSA from 2048 bits"
    )]
    WeakKey {
        /// The certificate that holds the key.
        subject: String,
        /// The key's kind and size.
        key: String,
    },

    /// A signature names an algorithm that is accepted, with parameters that it does not have (RFC 5758 section 3.2).
    #[error(
        "{subject} is signed with {algorithm}, and with parameters that this algorithm does not have: issue it again \
         without them"
    )]
    SignatureParameters {
        /// The certificate that carries the signature.
        subject: String,
        /// The algorithm's name.
        algorithm: String,
    },

    /// A signature in the path was made with an algorithm that is not accepted (MD5, SHA-1, unknown).
    #[error(
        "{subject} is signed with {algorithm}, which is not accepted: issue it again with SHA-256"
    )]
    WeakSignature {
        /// The certificate that carries the signature.
        subject: String,
        /// The algorithm's name, or its dotted object identifier.
        algorithm: String,
    },

    /// The validity period ends before it begins.
    #[error(
        "{subject} ends at {}, before it begins at {}: issue it again",
        stamp(not_after),
        stamp(not_before)
    )]
    Validity {
        /// The certificate.
        subject: String,
        /// Its notBefore.
        not_before: OffsetDateTime,
        /// Its notAfter.
        not_after: OffsetDateTime,
    },

    /// The extended key usages are there, but not the one needed.
    #[error("{subject} is for {} only, not for {needed}: issue it again with {needed}", list(present), needed = purpose.usage())]
    WrongExtendedKeyUsage {
        /// The certificate: the leaf, or a CA that limits its issuance.
        subject: String,
        /// What it was presented for.
        purpose: Purpose,
        /// The usages it has.
        present: Vec<String>,
    },
}

fn stamp(time: &OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

/// The certificates as they were sent, the leaf first.
fn malformed(position: usize) -> String {
    match position {
        0 => "the presented certificate cannot be read: issue it again".to_owned(),
        _ => format!(
            "certificate {} of the presented chain cannot be read: take it again from where it was issued, or leave \
             it out",
            position + 1
        ),
    }
}

fn name_mismatch(wanted: &str, presented: &[String], unmatchable: &[String]) -> String {
    if unmatchable.iter().any(|name| name == wanted) {
        return format!(
            "certificate has {wanted} as a DNS name, which no address matches: issue it again with {wanted} as an IP \
             address"
        );
    }
    match (presented, unmatchable) {
        ([], []) => format!(
            "certificate is not for {wanted} and names no host: issue it again with {wanted} as a subject alternative \
             name (a common name is not looked at)"
        ),
        ([], _) => format!(
            "certificate is not for {wanted}, and no host has the DNS name {}: issue it again for {wanted}",
            list(unmatchable)
        ),
        (names, _) => format!(
            "certificate is not for {wanted}, only for {}: connect by one of those names, or issue it for this one",
            list(names)
        ),
    }
}

fn list(items: &[String]) -> String {
    if items.is_empty() {
        "nothing".to_owned()
    } else {
        items.join(", ")
    }
}
