//! Who may pass: conditions on a verified client certificate.

use std::{fmt, sync::Arc};

use ipnet::IpNet;
use x509_identity::{DistinguishedName, ObjectIdentifier};

use crate::peer::client_cert::ClientCert;

mod condition;
mod file;
mod glob;
mod policy;

use condition::{Condition, DnsPattern, Email, Finding, Serial};
use glob::Glob;

/// A condition on a verified client certificate; cheap to clone.
///
/// Whoever matches is allowed, everybody else is denied. Rules compare the parts of names, never a
/// name printed as one text: a common name `alice,OU=Admins` is in no organizational unit.
/// [`RequireClientCert`](crate::RequireClientCert) puts a rule before a router or a route.
///
/// Where a certificate is ambiguous (two common names, a wildcard where a host is asked for), it
/// neither matches nor fails to: it is denied, inside [`not`](Self::not) too.
///
/// Names are unique below one CA at most. Where several roots are trusted, each may issue any name
/// that it is not constrained from: add a rule on what only one of them issues, or trust fewer.
///
/// ```
/// use mtls_server::Rule;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let operators = Rule::any([
///     Rule::dn_exact("CN=alice,OU=Operators,O=Example,C=NO".parse()?).named("alice"),
///     Rule::spiffe("spiffe://example.org/ns/ops/**")?.named("operator workloads"),
/// ])
/// .named("operators");
/// # Ok(())
/// # }
/// ```
///
/// # Files
///
/// A rule is a TOML table with one condition, and perhaps a name. The conditions are those of the
/// constructors, but for `custom`; anything else is refused.
///
/// ```
/// let operators = mtls_server::Rule::from_toml(r#"
///     name = "operators"
///
///     [[any]]
///     name = "alice"
///     dn_exact = "CN=alice,OU=Operators,O=Example,C=NO" # RFC 4514, most specific first
///
///     [[any]]
///     name = "build machines"
///     all = [
///         { dns = "*.build.example.com" },
///         { ip = "10.1.0.0/16" },
///         { not = { organizational_unit = "Retired" } },
///     ]
///
///     [[any]]
///     serial = { issuer = "CN=Example CA", number = "4A:01" }
/// "#)?;
/// assert_eq!(operators.name(), Some("operators"));
/// # Ok::<_, mtls_server::RuleError>(())
/// ```
///
/// | key | value |
/// | --- | --- |
/// | `all`, `any`, `not` | rules, rules, a rule |
/// | `common_name`, `organizational_unit`, `dns`, `uri_glob`, `spiffe`, `email` | a text |
/// | `dn_exact` | RFC 4514 |
/// | `ip` | an address or a network, `10.0.0.0/8` |
/// | `serial` | `{ issuer = RFC 4514, number = hexadecimal }` |
/// | `fingerprint`, `spki` | SHA-256, hexadecimal |
/// | `eku`, `policy_oid` | dotted, `1.3.6.1.5.5.7.3.2` |
///
/// `Rule` implements `Deserialize` in this form, so that it can be part of a larger file.
#[derive(Clone, serde::Deserialize)]
#[serde(try_from = "file::Table")]
pub struct Rule {
    name: Option<Arc<str>>,
    condition: Arc<Condition>,
}

impl Rule {
    fn new(condition: Condition) -> Self {
        let condition = Arc::new(condition);
        Self {
            name: None,
            condition,
        }
    }

    /// The subject has exactly one common name, and it is `name`, character by character.
    ///
    /// A subject with several is ambiguous. One common name says little about who it is: prefer
    /// [`dn_exact`](Self::dn_exact) or an alternative name.
    pub fn common_name(name: impl Into<String>) -> Self {
        Self::new(Condition::CommonName(name.into()))
    }

    /// One of the subject's organizational units is `unit`, character by character.
    pub fn organizational_unit(unit: impl Into<String>) -> Self {
        Self::new(Condition::OrganizationalUnit(unit.into()))
    }

    /// The subject is `name`: the same attributes, in the same RDNs, in the same order. The empty
    /// name matches nobody.
    pub fn dn_exact(name: DistinguishedName) -> Self {
        Self::new(Condition::DnExact(name))
    }

    /// One of the DNS names is `pattern`, without regard to case; `*.example.com` stands for hosts
    /// one label below `example.com`.
    ///
    /// A wildcard in the certificate matches nothing: it names no one host.
    ///
    /// # Errors
    ///
    /// [`RuleError::Value`] if `pattern` is no host name of that form.
    pub fn dns(pattern: &str) -> Result<Self, RuleError> {
        let checked = DnsPattern::new(pattern).map_err(RuleError::value("dns", pattern))?;
        Ok(Self::new(Condition::Dns(checked)))
    }

    /// One of the URIs matches `pattern`: `*` stands for characters of one segment, `/**` for whole
    /// segments, and every other character for itself.
    ///
    /// `**` stands for one segment at least at the end of the pattern, and for none too between
    /// others. Neither stands for `?` or `#`. A URI with relative segments (`..`) matches nothing.
    ///
    /// # Errors
    ///
    /// [`RuleError::Value`] if `pattern` does not start with a scheme, or holds `**` elsewhere.
    pub fn uri_glob(pattern: &str) -> Result<Self, RuleError> {
        let checked = Glob::new(pattern).map_err(RuleError::value("uri_glob", pattern))?;
        Ok(Self::new(Condition::UriGlob(checked)))
    }

    /// The certificate is an X.509-SVID (see [`SpiffeId`](crate::SpiffeId)), whose ID matches
    /// `pattern`; in its path `*` and `**` mean what they do in [`uri_glob`](Self::uri_glob).
    ///
    /// # Errors
    ///
    /// [`RuleError::Value`] if `pattern` could match no ID of a workload, or any trust domain.
    pub fn spiffe(pattern: &str) -> Result<Self, RuleError> {
        let checked = file::spiffe(pattern).map_err(RuleError::value("spiffe", pattern))?;
        Ok(Self::new(Condition::Spiffe(checked)))
    }

    /// One of the mail addresses among the alternative names is `address`; only its domain is
    /// compared without case. An address in the subject does not count.
    ///
    /// # Errors
    ///
    /// [`RuleError::Value`] if `address` is no mailbox in ASCII.
    pub fn email(address: &str) -> Result<Self, RuleError> {
        let checked = Email::new(address).map_err(RuleError::value("email", address))?;
        Ok(Self::new(Condition::Email(checked)))
    }

    /// One of the certificate's addresses is in `network`, which may be a single address. The
    /// address that the connection comes from does not count.
    pub fn ip(network: impl Into<IpNet>) -> Self {
        Self::new(Condition::Ip(network.into()))
    }

    /// It is the certificate with this serial number by this issuer. `number` is hexadecimal, with
    /// or without colons.
    ///
    /// # Errors
    ///
    /// [`RuleError::Value`] if `number` is none that RFC 5280 allows.
    pub fn serial(issuer: DistinguishedName, number: &str) -> Result<Self, RuleError> {
        let checked = Serial::new(number).map_err(RuleError::value("serial", number))?;
        Ok(Self::new(Condition::Serial(issuer, checked)))
    }

    /// It is the certificate with this SHA-256.
    pub fn fingerprint(sha256: [u8; 32]) -> Self {
        Self::new(Condition::Fingerprint(sha256))
    }

    /// Its key (SubjectPublicKeyInfo) has this SHA-256. That outlives a renewal with the same key.
    pub fn spki(sha256: [u8; 32]) -> Self {
        Self::new(Condition::Spki(sha256))
    }

    /// The extended key usage names this purpose; anyExtendedKeyUsage is not taken for it.
    pub fn eku(purpose: ObjectIdentifier) -> Self {
        Self::new(Condition::Eku(purpose))
    }

    /// It was issued under this policy: the certificate names it, and each CA certificate between
    /// it and the root allows for it (RFC 5280 section 6.1). Policy mappings are not followed.
    pub fn policy_oid(policy: ObjectIdentifier) -> Self {
        Self::new(Condition::PolicyOid(policy))
    }

    /// Each of `rules` matches. No rules match nobody.
    pub fn all(rules: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Condition::All(rules.into_iter().collect()))
    }

    /// One of `rules` matches. No rules match nobody.
    pub fn any(rules: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Condition::Any(rules.into_iter().collect()))
    }

    /// `rule` does not match, and the certificate is not ambiguous to it.
    ///
    /// Alone it allows everybody else whom the server trusts, so it belongs into an
    /// [`all`](Self::all). Whoever is excluded by name comes back under the next name that the CA
    /// gives out.
    #[allow(
        clippy::should_implement_trait,
        reason = "it stands beside all and any, and takes no self"
    )]
    pub fn not(rule: Self) -> Self {
        Self::new(Condition::Not(rule))
    }

    /// `predicate` says so; `name` stands for it in audit events. Where it panics, the certificate counts
    /// as ambiguous.
    pub fn custom(
        name: impl Into<Arc<str>>,
        predicate: impl Fn(&ClientCert) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::new(Condition::Custom(Box::new(predicate))).named(name)
    }

    /// Reads a rule from TOML; the form is [above](#files).
    ///
    /// # Errors
    ///
    /// [`RuleError::File`], whose source names the line and the field.
    pub fn from_toml(text: &str) -> Result<Self, RuleError> {
        toml::from_str(text).map_err(|error| RuleError::File(Box::new(error)))
    }

    /// Gives the rule a name, which stands for it in audit events.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether this is the same rule, not only one that says the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.condition, &other.condition)
    }

    /// Decides about a client.
    pub fn judge(&self, client: &ClientCert) -> Decision<'_> {
        let (finding, rule) = self.find(client);
        Decision { finding, rule }
    }

    /// The finding, and the innermost rule that made it: one with a name if there is one.
    fn find<'a>(&'a self, client: &ClientCert) -> (Finding, &'a Self) {
        let (finding, below) = self.condition.judge(client);
        let says = below
            .filter(|rule| rule.name.is_some() || self.name.is_none())
            .unwrap_or(self);
        (finding, says)
    }
}

/// The name, or else the condition as the constructors spell it; for logs, not to be parsed.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => self.condition.fmt(f),
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "Rule({name:?}: {})", self.condition),
            None => write!(f, "Rule({})", self.condition),
        }
    }
}

/// What a [`Rule`] decided, and which one it was.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    finding: Finding,
    rule: &'a Rule,
}

impl<'a> Decision<'a> {
    /// Whether the client may pass.
    pub fn is_allowed(&self) -> bool {
        self.finding == Finding::Match
    }

    /// Whether it is certain that the rule does not mean this client.
    pub(crate) fn is_mismatch(&self) -> bool {
        self.finding == Finding::Mismatch
    }

    /// The rule that decided: of an `any` the one that matched, of an `all` the one that did not;
    /// the innermost of these that has a name.
    pub fn rule(&self) -> &'a Rule {
        self.rule
    }

    /// A short code: `matched`, `not-matched`, or in what the certificate is ambiguous.
    pub fn reason(&self) -> &'static str {
        match self.finding {
            Finding::Match => "matched",
            Finding::Mismatch => "not-matched",
            Finding::Unclear(code) => code,
        }
    }
}

/// Why a rule cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A rule in a file has no condition, or several.
    #[error(
        "a rule has exactly one condition (all and any join several), and this one has {}",
        if .found.is_empty() { "none".to_owned() } else { .found.join(" and ") }
    )]
    Conditions {
        /// Those that it has.
        found: Vec<&'static str>,
    },

    /// The file is no TOML, has an unknown field, or a wrong value.
    #[error("the rule file is wrong")]
    File(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// A text is no distinguished name.
    #[error("{field}: this is no distinguished name as RFC 4514 writes it")]
    Name {
        /// The condition.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: x509_identity::ParseError,
    },

    /// A value does not make sense, or would match nothing.
    #[error("{field} = {value:?}: {why}")]
    Value {
        /// The condition.
        field: &'static str,
        /// The value.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl RuleError {
    fn value(field: &'static str, value: &str) -> impl FnOnce(&'static str) -> Self {
        let value = value.to_owned();
        move |why| Self::Value { field, value, why }
    }
}
