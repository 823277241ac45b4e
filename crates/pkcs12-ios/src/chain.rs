//! Which certificates of a file belong above another.

use pki_core::verify;
use x509_identity::Certificate;

/// The issuers of a certificate, theirs, and so on, each once: the nearest first, and roots last.
///
/// Where a CA has several certificates for its key (renewed, or cross-signed), all of them: which one a peer can use is
/// for the peer to find. Certificates that could not be read are `None`.
pub(crate) fn above(leaf: usize, certificates: &[Option<Certificate>]) -> Vec<usize> {
    let mut found = vec![leaf];
    let mut next = 0;
    while let Some(&child) = found.get(next) {
        next += 1;
        for issuer in issuers(child, certificates) {
            if !found.contains(&issuer) {
                found.push(issuer);
            }
        }
    }
    let is_root = |index: &usize| certificates[*index].as_ref().is_some_and(is_self_signed);
    let (roots, others): (Vec<_>, Vec<_>) = found.into_iter().skip(1).partition(is_root);
    [others, roots].concat()
}

/// By name, as RFC 5280 section 7.1 compares names, and by signature.
///
/// A signature that nobody here can verify (SHA-1, a curve of its own) says nothing: then the name alone decides, with
/// the key identifiers where they tell several apart.
fn issuers(child: usize, certificates: &[Option<Certificate>]) -> Vec<usize> {
    let Some(certificate) = &certificates[child] else {
        return Vec::new();
    };
    if verify::is_signed_by(certificate, certificate) {
        return Vec::new();
    }
    let named: Vec<_> = (0..certificates.len())
        .filter(|&index| index != child)
        .filter_map(|index| Some((index, certificates[index].as_ref()?)))
        .filter(|(_, candidate)| certificate.names_issuer(candidate))
        .collect();
    let those = |fits: &dyn Fn(&Certificate) -> bool| -> Vec<usize> {
        let fitting = named.iter().filter(|(_, candidate)| fits(candidate));
        fitting.map(|(index, _)| *index).collect()
    };
    let key_id = certificate.authority_key_id();
    let signers = those(&|candidate| verify::is_signed_by(certificate, candidate));
    let with_key_id = || those(&|it| key_id.is_some() && it.subject_key_id() == key_id);
    [signers]
        .into_iter()
        .chain(std::iter::once_with(with_key_id))
        .find(|some| !some.is_empty())
        .unwrap_or_else(|| those(&|_| true))
}

/// Signed by its own key, or of its own issuer's name with a signature that nobody here can verify.
fn is_self_signed(certificate: &Certificate) -> bool {
    verify::is_signed_by(certificate, certificate)
        || certificate.names_issuer(certificate) && !verify::has_accepted_algorithm(certificate)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test says what it expects by unwrapping it"
    )]

    use test_pki::Ca;
    use test_pki::rcgen::{DistinguishedName, DnType, DnValue, KeyIdMethod};

    use super::*;

    fn parsed<D: AsRef<[u8]>>(der: impl IntoIterator<Item = D>) -> Vec<Option<Certificate>> {
        der.into_iter()
            .map(|der| Some(Certificate::from_der(der.as_ref()).unwrap()))
            .collect()
    }

    fn named(ca: Ca, name: DnValue) -> Ca {
        ca.with(|params| {
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, name);
        })
    }

    fn utf8(name: &str) -> DnValue {
        DnValue::Utf8String(name.to_owned())
    }

    #[test]
    fn an_issuer_is_known_by_its_signature_whatever_else_is_odd() {
        let root = Ca::root("root");
        let printable = DnValue::PrintableString("Issuing CA".try_into().unwrap());
        let issuing = || root.issuing("Issuing CA");
        for (what, signs, leaf, in_file) in [
            ("usual", issuing(), "leaf", utf8("Issuing CA")),
            (
                "of the leaf's name",
                issuing(),
                "Issuing CA",
                utf8("Issuing CA"),
            ),
            ("of another string type", issuing(), "leaf", printable),
            ("in other letters", issuing(), "leaf", utf8("issuing  ca")),
            (
                "of another key identifier",
                issuing().with(|params| {
                    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![7; 20]);
                }),
                "leaf",
                utf8("Issuing CA"),
            ),
        ] {
            let leaf = signs.client(leaf).with(|params| {
                params.use_authority_key_identifier_extension = true;
            });
            let key = test_pki::rcgen::KeyPair::from_pem(&signs.key().serialize_pem()).unwrap();
            let in_file = named(issuing().with_key(key), in_file);
            // A CA of that name with another key comes first, and something else last.
            let certificates = parsed([
                leaf.der(),
                issuing().der(),
                root.der(),
                in_file.der(),
                Ca::root("other").der(),
            ]);
            assert_eq!(above(0, &certificates), [3, 2], "{what}");
        }
    }

    #[test]
    fn a_ca_of_another_name_or_key_is_left_out() {
        let issuing = Ca::root("root").issuing("Issuing CA");
        let leaf = issuing.client("leaf");
        let key = test_pki::rcgen::KeyPair::from_pem(&issuing.key().serialize_pem()).unwrap();
        let of_another_name = Ca::root("root").issuing("Other CA").with_key(key);
        let certificates = parsed([leaf.der(), of_another_name.der()]);
        assert_eq!(above(0, &certificates), [0; 0]);
    }

    #[test]
    fn all_certificates_of_one_ca_are_there_and_roots_come_last() {
        let (old, new) = (Ca::root("old root"), Ca::root("new root"));
        let issuing = old.issuing("Issuing CA");
        let key = test_pki::rcgen::KeyPair::from_pem(&issuing.key().serialize_pem()).unwrap();
        let crossed = new.issuing("Issuing CA").with_key(key);
        let leaf = issuing.client("leaf");
        let certificates = parsed([
            old.der(),
            leaf.der(),
            issuing.der(),
            crossed.der(),
            new.der(),
        ]);
        assert_eq!(above(1, &certificates), [2, 3, 0, 4]);
    }

    #[test]
    fn a_circle_of_issuers_ends() {
        let certificates = [("a", "b"), ("b", "a")].map(|(subject, issuer)| {
            let leaf = Ca::root(issuer).client(subject);
            leaf.der().clone()
        });
        assert_eq!(above(0, &parsed(certificates)), [1]);
    }

    #[test]
    fn nothing_is_above_what_signed_itself() {
        let root = Ca::root("root");
        let key = test_pki::rcgen::KeyPair::from_pem(&root.key().serialize_pem()).unwrap();
        let renewed = Ca::root("root").with_key(key);
        assert_eq!(above(0, &parsed([root.der(), renewed.der()])), [0; 0]);
    }
}
