//! The names of a new root and of the issuing CA below it.

use anyhow::{Context as _, Result, bail};
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

/// The subject of the issuing CA of that number: the root's, with a common name of its own.
///
/// # Errors
///
/// If the root has no common name: iPhones list a root by nothing else.
pub(super) fn issuing(root: &DistinguishedName, number: u32) -> Result<DistinguishedName> {
    let Some(common_name) = root.common_name() else {
        bail!(
            "the subject `{root}` has no common name: add CN=NAME, by which people will find the CA"
        );
    };
    let base = ["Root CA", "Root", "root"]
        .iter()
        .find_map(|end| common_name.strip_suffix(end))
        .map_or(common_name, str::trim_end);
    let base = if base.is_empty() { common_name } else { base };
    let name = format!("{base} Issuing {number}");
    let mut builder = DistinguishedName::builder();
    for rdn in root.rdns() {
        let attributes = rdn.attributes().iter().map(|attribute| {
            if attribute.oid() == COMMON_NAME {
                Attribute::new(COMMON_NAME, name.as_str())
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
            let root = root.parse().unwrap();
            assert_eq!(issuing(&root, 1).unwrap().to_string(), issuing_ca);
        }
        assert!(issuing(&"O=Example".parse().unwrap(), 1).is_err());
        let root = default_root(&CaName::default()).unwrap();
        assert_eq!(root.to_string(), "CN=Private CA Root,O=Private CA");
    }
}
