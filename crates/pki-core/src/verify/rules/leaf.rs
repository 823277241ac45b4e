//! What a leaf has to say of itself: it is not a CA, it is for its purpose (`usage`), its key may sign, and it names
//! somebody.

use x509_identity::{
    Attribute, Certificate, DistinguishedName, KeyUsageBit, SubjectAltName, reorders_a_line,
};

use super::usage::{check_usages, require_key_usage};
use crate::verify::path::label;
use crate::verify::{Purpose, VerifyError};

/// Checks the leaf of a path.
pub(super) fn check_leaf(leaf: &Certificate, purpose: Purpose) -> Result<(), VerifyError> {
    check_position(leaf, purpose)?;
    check_usages(leaf, purpose)?;
    check_key_usage(leaf)?;
    check_names(leaf)
}

/// No CA presents its own certificate.
pub(super) fn check_position(leaf: &Certificate, purpose: Purpose) -> Result<(), VerifyError> {
    if leaf.is_ca() {
        return Err(VerifyError::CaAsLeaf {
            subject: label(leaf),
            purpose,
        });
    }
    Ok(())
}

/// The key may sign a handshake.
pub(super) fn check_key_usage(leaf: &Certificate) -> Result<(), VerifyError> {
    require_key_usage(leaf, KeyUsageBit::DigitalSignature)
}

/// There is a name, and names are text that can be printed.
pub(super) fn check_names(leaf: &Certificate) -> Result<(), VerifyError> {
    let unreadable = |name: &SubjectAltName| matches!(name, SubjectAltName::Unreadable { .. });
    if leaf.subject().rdns().is_empty() && leaf.sans().iter().all(unreadable) {
        return Err(VerifyError::NoName {
            serial: leaf.serial().to_string(),
        });
    }
    match unfit_name(leaf) {
        Some(problem) => Err(VerifyError::UnfitName {
            serial: leaf.serial().to_string(),
            problem,
        }),
        None => Ok(()),
    }
}

/// What is wrong with the text in a leaf's names, which applications print, log and compare.
fn unfit_name(leaf: &Certificate) -> Option<&'static str> {
    let alternative = leaf.sans().iter().filter_map(|name| match name {
        SubjectAltName::DirectoryName(name) => Some(name),
        _ => None,
    });
    let names = std::iter::once(leaf.subject()).chain(alternative);
    let mut texts = names
        .flat_map(DistinguishedName::attributes)
        .filter_map(Attribute::text);
    texts.find_map(|text| {
        if text.chars().any(char::is_control) {
            Some("contains a control character")
        } else if text.contains(reorders_a_line) {
            Some("contains a character that reorders or breaks the line that it is printed on")
        } else if text.chars().nth(MAX_NAME_CHARS).is_some() {
            Some("is longer than 256 characters")
        } else {
            None
        }
    })
}

/// RFC 5280 A.1 says 64 for most attributes; certificates with somewhat more are in use.
const MAX_NAME_CHARS: usize = 256;
