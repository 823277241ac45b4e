//! The names of a new root and of the issuing CA below it.

use anyhow::{Context as _, Result};
use const_oid::db::rfc4519::COMMON_NAME;
use x509_identity::{Attribute, DistinguishedName, Rdn};

use crate::home::CaName;

/// What the root is called where nothing is said.
pub(super) fn default_root(name: &CaName) -> Result<DistinguishedName> {
    let organization = match name {
        name if *name == CaName::default() => "Private CA",
        name => name.as_str(),
    };
    DistinguishedName::builder()
        .organization(organization)
        .common_name(format!("{organization} Root"))
        .build()
        .context("the CA's subject cannot be built")
}

/// The subject of the issuing CA of that number: that of the first root, with a common name of its own.
///
/// # Errors
///
/// If the root has no common name: iPhones list a root by nothing else.
pub(super) fn issuing(root: &DistinguishedName, number: u32) -> Result<DistinguishedName> {
    let common_name = common_name(root)?;
    let base = ["Root CA", "Root", "root"]
        .iter()
        .find_map(|end| common_name.strip_suffix(end))
        .map_or(common_name, str::trim_end);
    let base = if base.is_empty() { common_name } else { base };
    with_common_name(root, &format!("{base} Issuing {number}"))
}

/// The subject of the root of that number, by that of the first one.
///
/// # Errors
///
/// If the first one has no common name.
pub(super) fn root(first: &DistinguishedName, number: u32) -> Result<DistinguishedName> {
    let common_name = common_name(first)?;
    with_common_name(first, &format!("{common_name} {number}"))
}

fn common_name(root: &DistinguishedName) -> Result<&str> {
    root.common_name().with_context(|| {
        format!(
            "the subject `{root}` has no common name: add CN=NAME, by which people will find the CA"
        )
    })
}

fn with_common_name(root: &DistinguishedName, name: &str) -> Result<DistinguishedName> {
    let mut builder = DistinguishedName::builder();
    for rdn in root.rdns() {
        let attributes = rdn.attributes().iter().map(|attribute| {
            if attribute.oid() == COMMON_NAME {
                Attribute::new(COMMON_NAME, name)
            } else {
                Ok(attribute.clone())
            }
        });
        builder = builder.rdn(Rdn::new(attributes.collect::<Result<_, _>>()?)?);
    }
    Ok(builder.build()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_issuing_ca_is_named_after_its_root() {
        for (root, issuing_ca) in [
            (
                "CN=Example Root,O=Example",
                "CN=Example Issuing 1,O=Example",
            ),
            ("CN=Example Root CA", "CN=Example Issuing 1"),
            ("CN=Acme,C=DE", "CN=Acme Issuing 1,C=DE"),
            ("CN=Root", "CN=Root Issuing 1"),
        ] {
            let subject = root.parse().unwrap();
            assert_eq!(issuing(&subject, 1).unwrap().to_string(), issuing_ca);
        }
        assert!(issuing(&"O=Example".parse().unwrap(), 1).is_err());
        let first = default_root(&CaName::default()).unwrap();
        assert_eq!(first.to_string(), "CN=Private CA Root,O=Private CA");
        let second = root(&first, 2).unwrap();
        assert_eq!(second.to_string(), "CN=Private CA Root 2,O=Private CA");
    }
}
