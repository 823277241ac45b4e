//! The rule itself: conditions joined into one, and how they decide together.

use std::{fmt, sync::Arc};

use super::{condition::Condition, finding::Finding};
use crate::peer::client_cert::ClientCert;

/// A condition on a verified client certificate; cheap to clone.
///
/// A client that matches is allowed. Every other client is denied. Rules compare the parts of
/// names, never a name printed as one text. So the common name `alice,OU=Admins` is not in an
/// organizational unit. [`RequireClientCert`](crate::RequireClientCert) puts a rule before a router
/// or a route.
///
/// A certificate can be ambiguous to a condition (two common names, a wildcard where a host is wanted).
/// Then it is denied, inside [`not`](Self::not) too.
///
/// A name is unique below one CA at most. If several roots are trusted, each of them may issue any name
/// that its name constraints allow: add a condition that only one of them fulfils, or trust fewer.
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
/// A rule is a TOML table with one condition and an optional name. The conditions are those of the
/// constructors, except `custom`. Anything else is refused.
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
#[derive(Clone)]
pub struct Rule {
    name: Option<Arc<str>>,
    expression: Arc<Expression>,
}

/// One condition, or several rules together.
pub(super) enum Expression {
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Rule),
    Test(Condition),
}

impl Rule {
    pub(super) fn new(expression: Expression) -> Self {
        Self {
            name: None,
            expression: Arc::new(expression),
        }
    }

    /// Gives the rule a name, by which audit events call it.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether this is the same rule, and not just an equal one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.expression, &other.expression)
    }

    /// The finding, and the innermost rule that made it: one with a name if there is one.
    pub(super) fn find<'a>(&'a self, client: &ClientCert) -> (Finding, &'a Self) {
        let (finding, below) = self.expression.test(client);
        let says = below
            .filter(|rule| rule.name.is_some() || self.name.is_none())
            .unwrap_or(self);
        (finding, says)
    }
}

impl Expression {
    /// The finding, and which of the rules below decided it, if one did.
    fn test<'a>(&'a self, client: &ClientCert) -> (Finding, Option<&'a Rule>) {
        match self {
            Self::All(rules) => all(rules, client),
            Self::Any(rules) => any(rules, client),
            Self::Not(rule) => (rule.find(client).0.negated(), None),
            Self::Test(condition) => (condition.test(client), None),
        }
    }
}

/// The first rule that refuses decides. An empty list allows nobody.
fn all<'a>(rules: &'a [Rule], client: &ClientCert) -> (Finding, Option<&'a Rule>) {
    let mut sum = (Finding::when(!rules.is_empty()), None);
    for rule in rules {
        match rule.find(client) {
            (Finding::Match, _) => {}
            (Finding::Mismatch, says) => return (Finding::Mismatch, Some(says)),
            (unclear, says) if sum.0 == Finding::Match => sum = (unclear, Some(says)),
            _ => {}
        }
    }
    sum
}

/// The first rule that allows decides.
fn any<'a>(rules: &'a [Rule], client: &ClientCert) -> (Finding, Option<&'a Rule>) {
    let mut sum = (Finding::Mismatch, None);
    for rule in rules {
        match rule.find(client) {
            (Finding::Match, says) => return (Finding::Match, Some(says)),
            (unclear @ Finding::Unclear(_), says) if sum.0 == Finding::Mismatch => {
                sum = (unclear, Some(says));
            }
            _ => {}
        }
    }
    sum
}

/// The name, or else the condition as its constructor is called. It is for logs, not for parsing.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => self.expression.fmt(f),
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "Rule({name:?}: {})", self.expression),
            None => write!(f, "Rule({})", self.expression),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(rules) => list(f, "all", rules),
            Self::Any(rules) => list(f, "any", rules),
            Self::Not(rule) => write!(f, "not({rule})"),
            Self::Test(condition) => condition.fmt(f),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, kind: &str, rules: &[Rule]) -> fmt::Result {
    write!(f, "{kind}(")?;
    for (index, rule) in rules.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{rule}")?;
    }
    f.write_str(")")
}
