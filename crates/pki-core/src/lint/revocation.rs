//! Where revocation is looked up, and that it need not be.

use const_oid::db::rfc5280::{
    ID_AD_CA_ISSUERS, ID_AD_OCSP, ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_FRESHEST_CRL,
    ID_PE_AUTHORITY_INFO_ACCESS,
};
use const_oid::db::rfc5912::ID_CE_NO_REV_AVAIL;
use der::Decode;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints};
use x509_identity::Certificate;

use super::report::{Report, criticality, value};

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
    distribution_points(certificate, report);
    let access = authority_access(certificate, report);
    let has_ocsp = access.is_some_and(|access| {
        let mut methods = access.0.iter().map(|description| description.access_method);
        methods.any(|method| method == ID_AD_OCSP)
    });
    let Some(critical) = criticality(certificate, ID_CE_NO_REV_AVAIL) else {
        return;
    };
    report.error(
        !critical,
        "no-rev-avail-critical",
        "RFC 9608 2",
        "noRevAvail is critical",
    );
    report.error(
        !certificate.is_ca(),
        "no-rev-avail-ca",
        "RFC 9608 4",
        "a CA says that its certificate is never revoked (noRevAvail)",
    );
    let has_crls = [ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_FRESHEST_CRL]
        .into_iter()
        .any(|oid| criticality(certificate, oid).is_some());
    report.error(
        !has_crls && !has_ocsp,
        "no-rev-avail-alone",
        "RFC 9608 4",
        "the certificate says that it is never revoked (noRevAvail), and where its revocation is published",
    );
}

fn distribution_points(certificate: &Certificate, report: &mut Report) {
    report.warning(
        criticality(certificate, ID_CE_CRL_DISTRIBUTION_POINTS) != Some(true),
        "crl-distribution-points-critical",
        "RFC 5280 4.2.1.13",
        "the CRL distribution points are critical",
    );
    report.error(
        criticality(certificate, ID_CE_FRESHEST_CRL) != Some(true),
        "freshest-crl-critical",
        "RFC 5280 4.2.1.15",
        "the freshest CRL is critical",
    );
    let Some(points) = value(certificate, ID_CE_CRL_DISTRIBUTION_POINTS) else {
        return;
    };
    let Ok(CrlDistributionPoints(points)) = CrlDistributionPoints::from_der(points) else {
        report.error(
            false,
            "crl-distribution-points",
            "RFC 5280 4.2.1.13",
            "the CRL distribution points cannot be read",
        );
        return;
    };
    let whole = |url: &GeneralName| matches!(url, GeneralName::UniformResourceIdentifier(url) if is_http(url.as_str()));
    for point in &points {
        report.warning(
            point.reasons.is_none() && point.crl_issuer.is_none(),
            "crl-distribution-point-plain",
            "CABF BR 7.1.2.11.2",
            "a CRL distribution point is for some reasons alone, or names another issuer of the CRL",
        );
        let has_url = match &point.distribution_point {
            Some(DistributionPointName::FullName(names)) => names.iter().any(whole),
            _ => false,
        };
        report.warning(
            has_url,
            "crl-distribution-point-http",
            "RFC 5280 4.2.1.13",
            "a CRL distribution point has no URL of plain http, which is all that most programs fetch",
        );
    }
}

fn authority_access(
    certificate: &Certificate,
    report: &mut Report,
) -> Option<AuthorityInfoAccessSyntax> {
    report.error(
        criticality(certificate, ID_PE_AUTHORITY_INFO_ACCESS) != Some(true),
        "authority-access-critical",
        "RFC 5280 4.2.2.1",
        "the authority information access is critical",
    );
    let access = value(certificate, ID_PE_AUTHORITY_INFO_ACCESS)?;
    let access = AuthorityInfoAccessSyntax::from_der(access).ok();
    report.error(
        access.as_ref().is_some_and(|access| !access.0.is_empty()),
        "authority-access",
        "RFC 5280 4.2.2.1",
        "the authority information access cannot be read or is empty",
    );
    for description in access.iter().flat_map(|access| &access.0) {
        let known = [ID_AD_OCSP, ID_AD_CA_ISSUERS].contains(&description.access_method);
        let is_http = matches!(&description.access_location, GeneralName::UniformResourceIdentifier(url) if is_http(url.as_str()));
        report.warning(
            !known || is_http,
            "authority-access-http",
            "RFC 5280 4.2.2.1",
            "an OCSP responder or a CA's certificate is not at a URL of plain http",
        );
    }
    access
}

/// Over https the server's own certificate would have to be checked first, perhaps at the same place.
fn is_http(url: &str) -> bool {
    url.get(..7)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}
