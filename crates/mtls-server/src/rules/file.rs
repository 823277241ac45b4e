//! Rules as TOML has them.

use std::error::Error as _;

use const_oid::ObjectIdentifier;
use serde::{Deserialize, Deserializer, de::Error};
use x509_identity::{DistinguishedName, pattern::IpPattern};

use super::{condition, error::RuleError, rule::Rule};

/// A rule with a field for each condition, of which exactly one must be given.
///
/// Each field makes its own rule, so that an error points to the line of that field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: Option<String>,
    #[serde(default, deserialize_with = "all")]
    all: Option<Rule>,
    #[serde(default, deserialize_with = "any")]
    any: Option<Rule>,
    #[serde(default, deserialize_with = "common_name")]
    common_name: Option<Rule>,
    #[serde(default, deserialize_with = "dn_exact")]
    dn_exact: Option<Rule>,
    #[serde(default, deserialize_with = "dns")]
    dns: Option<Rule>,
    #[serde(default, deserialize_with = "eku")]
    eku: Option<Rule>,
    #[serde(default, deserialize_with = "email")]
    email: Option<Rule>,
    #[serde(default, deserialize_with = "fingerprint")]
    fingerprint: Option<Rule>,
    #[serde(default, deserialize_with = "ip")]
    ip: Option<Rule>,
    not: Option<Box<Rule>>,
    #[serde(default, deserialize_with = "organizational_unit")]
    organizational_unit: Option<Rule>,
    #[serde(default, deserialize_with = "policy_oid")]
    policy_oid: Option<Rule>,
    #[serde(default, deserialize_with = "serial")]
    serial: Option<Rule>,
    #[serde(default, deserialize_with = "spiffe_rule")]
    spiffe: Option<Rule>,
    #[serde(default, deserialize_with = "spki")]
    spki: Option<Rule>,
    #[serde(default, deserialize_with = "uri_glob")]
    uri_glob: Option<Rule>,
}

impl Rule {
    /// Parses a rule in TOML. The form is described [above](#files).
    ///
    /// # Errors
    ///
    /// [`RuleError::File`], whose source names the line and the field.
    pub fn from_toml(text: &str) -> Result<Self, RuleError> {
        toml::from_str(text).map_err(|error| RuleError::File(Box::new(error)))
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Table::deserialize(input)?
            .try_into()
            .map_err(D::Error::custom)
    }
}

impl TryFrom<Table> for Rule {
    type Error = RuleError;

    fn try_from(table: Table) -> Result<Self, Self::Error> {
        let conditions = [
            ("all", table.all),
            ("any", table.any),
            ("common_name", table.common_name),
            ("dn_exact", table.dn_exact),
            ("dns", table.dns),
            ("eku", table.eku),
            ("email", table.email),
            ("fingerprint", table.fingerprint),
            ("ip", table.ip),
            ("not", table.not.map(|rule| Self::not(*rule))),
            ("organizational_unit", table.organizational_unit),
            ("policy_oid", table.policy_oid),
            ("serial", table.serial),
            ("spiffe", table.spiffe),
            ("spki", table.spki),
            ("uri_glob", table.uri_glob),
        ];
        let (found, mut rules): (Vec<_>, Vec<_>) = conditions
            .into_iter()
            .filter_map(|(field, rule)| Some((field, rule?)))
            .unzip();
        let (Some(rule), true) = (rules.pop(), rules.is_empty()) else {
            return Err(RuleError::Conditions { found });
        };
        match table.name.as_deref().map(str::trim) {
            None => Ok(rule),
            Some("") => Err(RuleError::value("name", "")(
                "leave it out, or say what it is",
            )),
            Some(name) => Ok(rule.named(name)),
        }
    }
}

fn all<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    rules("all", input).map(|rules| Some(Rule::all(rules)))
}

fn any<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    rules("any", input).map(|rules| Some(Rule::any(rules)))
}

fn rules<'de, D: Deserializer<'de>>(field: &str, input: D) -> Result<Vec<Rule>, D::Error> {
    let rules = Vec::deserialize(input)?;
    if rules.is_empty() {
        let why = format!("{field}: an empty list would match nobody");
        return Err(D::Error::custom(why));
    }
    Ok(rules)
}

fn common_name<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, |name| {
        not_empty("common_name", name).map(Rule::common_name)
    })
}

fn dn_exact<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, |name| {
        distinguished_name("dn_exact", name).map(Rule::dn_exact)
    })
}

fn dns<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, Rule::dns)
}

fn eku<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, |oid| object_identifier("eku", oid).map(Rule::eku))
}

fn email<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, Rule::email)
}

fn fingerprint<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, |hex| {
        sha256("fingerprint", hex).map(Rule::fingerprint)
    })
}

fn ip<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, |network| {
        network
            .parse::<IpPattern>()
            .map(|pattern| Rule::ip(pattern.network()))
            .map_err(RuleError::pattern("ip", network))
    })
}

fn organizational_unit<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, |unit| {
        not_empty("organizational_unit", unit).map(Rule::organizational_unit)
    })
}

fn policy_oid<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, |oid| {
        object_identifier("policy_oid", oid).map(Rule::policy_oid)
    })
}

fn serial<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Serial {
        issuer: String,
        number: String,
    }
    let Serial { issuer, number } = Serial::deserialize(input)?;
    distinguished_name("serial.issuer", &issuer)
        .and_then(|issuer| Rule::serial(issuer, &number))
        .map(Some)
        .map_err(whole)
}

fn spiffe_rule<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, Rule::spiffe)
}

fn spki<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, |hex| sha256("spki", hex).map(Rule::spki))
}

fn uri_glob<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Rule>, D::Error> {
    text(input, Rule::uri_glob)
}

fn text<'de, D: Deserializer<'de>>(
    input: D,
    rule: impl FnOnce(&str) -> Result<Rule, RuleError>,
) -> Result<Option<Rule>, D::Error> {
    let text = String::deserialize(input)?;
    rule(&text).map(Some).map_err(whole)
}

/// An error with its cause, since serde only keeps a text.
fn whole<E: Error>(error: RuleError) -> E {
    match error.source() {
        Some(cause) => E::custom(format_args!("{error}: {cause}")),
        None => E::custom(error),
    }
}

fn not_empty<'a>(field: &'static str, text: &'a str) -> Result<&'a str, RuleError> {
    if text.is_empty() {
        return Err(RuleError::value(field, text)("it is empty"));
    }
    Ok(text)
}

fn distinguished_name(field: &'static str, text: &str) -> Result<DistinguishedName, RuleError> {
    not_empty(field, text)?
        .parse()
        .map_err(|source| RuleError::Name { field, source })
}

fn object_identifier(field: &'static str, text: &str) -> Result<ObjectIdentifier, RuleError> {
    ObjectIdentifier::new(text).map_err(|_| {
        let why = "it must be a dotted object identifier, such as 1.3.6.1.5.5.7.3.2";
        RuleError::value(field, text)(why)
    })
}

fn sha256(field: &'static str, hex: &str) -> Result<[u8; 32], RuleError> {
    condition::sha256(hex).map_err(RuleError::value(field, hex))
}
