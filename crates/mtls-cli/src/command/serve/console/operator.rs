//! Who is an operator, as the command line says it.

use anyhow::{Context as _, Result, bail};
use mtls_server::Rule;

/// A rule from `kind:value`.
///
/// # Errors
///
/// If there is no such kind, or the value is not of it.
pub(super) fn operator(text: &str) -> Result<Rule> {
    let kinds = "cn:, ou:, dn:, email:, dns:, uri:, spiffe:, spki: or fingerprint:";
    let (kind, value) = text
        .split_once(':')
        .with_context(|| format!("say of which kind it is: {kinds}"))?;
    if value.trim().is_empty() {
        bail!("nothing stands behind `{kind}:`");
    }
    let rule = match kind {
        "cn" => Rule::common_name(value),
        "ou" => Rule::organizational_unit(value),
        "dn" => Rule::dn_exact(value.parse().context("it is not a distinguished name")?),
        "email" => Rule::email(value)?,
        "dns" => Rule::dns(value)?,
        "uri" => Rule::uri_glob(value)?,
        "spiffe" => Rule::spiffe(text)?,
        "spki" => Rule::spki(sha256(value)?),
        "fingerprint" => Rule::fingerprint(sha256(value)?),
        _ => bail!("`{kind}:` is not one of {kinds}"),
    };
    Ok(rule.named(text))
}

fn sha256(text: &str) -> Result<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    let octets = base16ct::mixed::decode_vec(digits).ok();
    let hash = octets.and_then(|octets| octets.try_into().ok());
    hash.context("a SHA-256 has 64 hexadecimal digits")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use mtls_server::MockClientCert;
    use x509_identity::SubjectAltName;

    use super::*;

    #[test]
    fn a_rule_takes_its_operator_and_nobody_else() {
        let san = |text: &str| SubjectAltName::Email(text.into());
        let id = SubjectAltName::Uri("spiffe://example.org/ops/alice".into());
        let names = [san("alice@ops.example.org"), id];
        let alice = MockClientCert::with_names("CN=alice,OU=Ops", names).unwrap();
        let mallory = MockClientCert::with_names("CN=mallory", [san("m@example.org")]).unwrap();
        let client = alice.client().unwrap();
        let hex = base16ct::lower::encode_string;
        for rule in [
            "cn:alice".to_owned(),
            "ou:Ops".to_owned(),
            "dn:CN=alice,OU=Ops".to_owned(),
            "email:alice@ops.example.org".to_owned(),
            "uri:spiffe://example.org/ops/*".to_owned(),
            "spiffe://example.org/ops/alice".to_owned(),
            format!("spki:{}", hex(client.spki_sha256())),
            format!("fingerprint:{}", hex(client.fingerprint_sha256())),
        ] {
            let read = operator(&rule).unwrap();
            assert!(read.decide(client).is_allowed(), "{rule}");
            let other = mallory.client().unwrap();
            assert!(!read.decide(other).is_allowed(), "{rule}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for wrong in [
            "",
            "alice",
            "cn:",
            "cn: ",
            "any:x",
            "spki:ab",
            "fingerprint:",
            "email:alice",
            "spiffe:x",
            "dn:alice",
            "dns:a*b",
        ] {
            assert!(operator(wrong).is_err(), "{wrong}");
        }
    }
}
