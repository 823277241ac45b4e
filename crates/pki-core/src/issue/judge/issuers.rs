//! What the CAs above a certificate allow it to say.

use const_oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_OCSP_SIGNING};
use x509_identity::Certificate;

use crate::verify::name_constraints_are_obeyed;

/// Holds a certificate against its issuer, the first of `issuers`, and the CAs above that.
///
/// Whatever a verifier would refuse for what one of them says is never signed.
pub(super) fn judge_issuers(
    certificate: &Certificate,
    issuers: &[Certificate],
    refuse: &mut impl FnMut(&'static str, String),
) {
    let Some(issuer) = issuers.first() else {
        return;
    };
    if certificate.issuer_der() != issuer.subject_der() {
        refuse(
            "issuer",
            "the issuer's name is not the authority's".to_owned(),
        );
    }
    if certificate.authority_key_id() != issuer.subject_key_id() {
        refuse(
            "authority-key-id",
            "the authority key identifier is not the authority's".to_owned(),
        );
    }
    if certificate.is_ca() && certificate.subject_der() == issuer.subject_der() {
        refuse(
            "subject",
            "a CA below another needs a name of its own".to_owned(),
        );
    }
    judge_path_length(certificate, issuers, refuse);
    judge_usages(certificate, issuers, refuse);
    let path = std::iter::once(certificate).chain(issuers);
    if !name_constraints_are_obeyed(&path.collect::<Vec<_>>()) {
        refuse(
            "name-constraints",
            "a CA above it does not permit one of its names (name constraints)".to_owned(),
        );
    }
}

/// RFC 5280 section 4.2.1.9: how many CAs may follow below each, self-issued ones not counted.
fn judge_path_length(
    certificate: &Certificate,
    issuers: &[Certificate],
    refuse: &mut impl FnMut(&'static str, String),
) {
    let mut below = usize::from(certificate.is_ca());
    for ca in issuers {
        let allowed = ca.basic_constraints().and_then(|it| it.path_len);
        if allowed.is_some_and(|allowed| usize::try_from(allowed).is_ok_and(|it| below > it)) {
            refuse(
                "path-length",
                format!(
                    "`{}` allows fewer CA certificates below it (pathLenConstraint)",
                    ca.subject()
                ),
            );
        }
        below += usize::from(!ca.is_self_issued());
    }
}

/// The extended key usages of CAs nest: a certificate for a purpose that a CA above it does not have is accepted by
/// nobody. A delegated OCSP responder is not looked up that way (RFC 6960 section 4.2.2.2).
fn judge_usages(
    certificate: &Certificate,
    issuers: &[Certificate],
    refuse: &mut impl FnMut(&'static str, String),
) {
    let own = certificate.extended_key_usage();
    for ca in issuers {
        let Some(above) = ca.extended_key_usage() else {
            continue;
        };
        if above.contains(&ANY_EXTENDED_KEY_USAGE) {
            continue;
        }
        let is_within = match own {
            Some(own) => own
                .iter()
                .all(|usage| *usage == ID_KP_OCSP_SIGNING || above.contains(usage)),
            // A CA that is for everything below one that is not: what it issues for the rest would be refused.
            None => false,
        };
        if !is_within {
            refuse(
                "extended-key-usage",
                format!(
                    "`{}` is not for this purpose itself (extended key usage)",
                    ca.subject()
                ),
            );
        }
    }
}
