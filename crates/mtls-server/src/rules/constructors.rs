//! One constructor for each condition that a rule can have.

use std::sync::Arc;

use ipnet::IpNet;
use x509_identity::{
    DistinguishedName, ObjectIdentifier,
    pattern::{DnsPattern, DnsScope, MailboxPattern, PatternError},
};

use super::{
    condition::Condition,
    error::RuleError,
    rule::{Expression, Rule},
};
use crate::peer::client_cert::ClientCert;

impl Rule {
    fn test(condition: Condition) -> Self {
        Self::new(Expression::Test(condition))
    }

    /// The subject has exactly one common name, and it is `name`, character by character.
    ///
    /// A subject with several is ambiguous. One common name says little about who it is: prefer
    /// [`dn_exact`](Self::dn_exact) or an alternative name.
    pub fn common_name(name: impl Into<String>) -> Self {
        Self::test(Condition::CommonName(name.into()))
    }

    /// One of the subject's organizational units is `unit`, character by character.
    pub fn organizational_unit(unit: impl Into<String>) -> Self {
        Self::test(Condition::OrganizationalUnit(unit.into()))
    }

    /// The subject is `name`: the same attributes, in the same RDNs, in the same order. The empty
    /// name matches nobody.
    pub fn dn_exact(name: DistinguishedName) -> Self {
        Self::test(Condition::DnExact(name))
    }

    /// One of the DNS names is `pattern`, without regard to case; `*.example.com` stands for hosts
    /// one label below `example.com`.
    ///
    /// A wildcard in the certificate matches nothing, as it does not name one host.
    ///
    /// # Errors
    ///
    /// [`RuleError::Value`] if `pattern` is not a host name of that form.
    pub fn dns(pattern: &str) -> Result<Self, RuleError> {
        let parsed = match pattern.parse::<DnsPattern>() {
            // A client is one host, or one of those that a name has directly below it.
            Ok(parsed) if parsed.scope() == DnsScope::Below => Err(PatternError::Dns),
            parsed => parsed,
        };
        let checked = parsed.map_err(RuleError::pattern("dns", pattern))?;
        Ok(Self::test(Condition::Dns(checked)))
    }

    /// One of the URIs matches `pattern`: `*` stands for characters of one segment, `/**` for whole
    /// segments, and every other character for itself.
    ///
    /// At the end of the pattern `**` stands for at least one segment; between others it may stand for
    /// none. Neither stands for `?` or `#`.
    ///
    /// Pattern and URI are compared in their normal form (RFC 3986 section 6.2): `HTTPS://H:443/%61` is
    /// `https://h/a`. A URI that has none, such as one with a relative segment (`..`), `%2F`, a backslash
    /// or user information, is ambiguous. See [`NormalUri`](x509_identity::pattern::NormalUri).
    ///
    /// # Errors
    ///
    /// [`RuleError::Value`] if `pattern` does not start with a scheme, or has `**` elsewhere.
    pub fn uri_glob(pattern: &str) -> Result<Self, RuleError> {
        let checked = pattern
            .parse()
            .map_err(RuleError::pattern("uri_glob", pattern))?;
        Ok(Self::test(Condition::UriGlob(checked)))
    }

    /// The certificate is an X.509-SVID (see [`SpiffeId`](crate::SpiffeId)), whose ID matches
    /// `pattern`; in its path `*` and `**` mean what they do in [`uri_glob`](Self::uri_glob).
    ///
    /// # Errors
    ///
    /// [`RuleError::Value`] if `pattern` could not match the ID of any workload, or could match any trust
    /// domain.
    pub fn spiffe(pattern: &str) -> Result<Self, RuleError> {
        let checked = pattern
            .parse()
            .map_err(RuleError::pattern("spiffe", pattern))?;
        Ok(Self::test(Condition::Spiffe(checked)))
    }

    /// One of the mail addresses among the alternative names is `address`. Case is ignored in its domain
    /// only. An address in the subject does not count. What is not a mailbox is ambiguous.
    ///
    /// # Errors
    ///
    /// [`RuleError::Value`] if `address` is not a mailbox in ASCII.
    pub fn email(address: &str) -> Result<Self, RuleError> {
        let parsed = match address.parse::<MailboxPattern>() {
            Ok(parsed) if parsed.local_part().is_none() => Err(PatternError::Mailbox),
            parsed => parsed,
        };
        let checked = parsed.map_err(RuleError::pattern("email", address))?;
        Ok(Self::test(Condition::Email(checked)))
    }

    /// One of the certificate's addresses is in `network`, which may be a single address. The
    /// address that the connection comes from does not count.
    ///
    /// An IPv4-mapped address (`::ffff:10.1.2.3`) is also the IPv4 address that it stands for.
    pub fn ip(network: impl Into<IpNet>) -> Self {
        Self::test(Condition::Ip(network.into().into()))
    }

    /// The certificate has this serial number and this issuer. `number` is hexadecimal, with
    /// or without colons.
    ///
    /// # Errors
    ///
    /// [`RuleError::Value`] if RFC 5280 does not allow `number`.
    pub fn serial(issuer: DistinguishedName, number: &str) -> Result<Self, RuleError> {
        let checked = number.parse().map_err(|_| {
            let why = "it must be a positive number in hexadecimal of at most 20 octets";
            RuleError::value("serial", number)(why)
        })?;
        Ok(Self::test(Condition::Serial(issuer, checked)))
    }

    /// The certificate has this SHA-256.
    pub fn fingerprint(sha256: [u8; 32]) -> Self {
        Self::test(Condition::Fingerprint(sha256))
    }

    /// The public key (SubjectPublicKeyInfo) has this SHA-256. It stays the same when the certificate is
    /// renewed with the same key.
    pub fn spki(sha256: [u8; 32]) -> Self {
        Self::test(Condition::Spki(sha256))
    }

    /// The extended key usage contains this purpose. anyExtendedKeyUsage does not count as it.
    pub fn eku(purpose: ObjectIdentifier) -> Self {
        Self::test(Condition::Eku(purpose))
    }

    /// The certificate was issued under this policy: it names the policy, and each CA certificate between
    /// it and the trust anchor allows it (RFC 5280 section 6.1). Policy mappings are not followed.
    pub fn policy_oid(policy: ObjectIdentifier) -> Self {
        Self::test(Condition::PolicyOid(policy))
    }

    /// All of `rules` match. An empty list matches nobody.
    pub fn all(rules: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Expression::All(rules.into_iter().collect()))
    }

    /// At least one of `rules` matches. An empty list matches nobody.
    pub fn any(rules: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Expression::Any(rules.into_iter().collect()))
    }

    /// `rule` does not match, and the certificate is not ambiguous to it.
    ///
    /// Alone it allows every other client that the server trusts, so it belongs into an
    /// [`all`](Self::all). A client that is excluded by name is allowed again under the next name that
    /// the CA issues to it.
    #[allow(
        clippy::should_implement_trait,
        reason = "it stands beside all and any, and takes no self"
    )]
    pub fn not(rule: Self) -> Self {
        Self::new(Expression::Not(rule))
    }

    /// `predicate` returns true. Audit events call it `name`. If it panics, the certificate counts as
    /// ambiguous.
    pub fn custom(
        name: impl Into<Arc<str>>,
        predicate: impl Fn(&ClientCert) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::test(Condition::Custom(Box::new(predicate))).named(name)
    }
}
