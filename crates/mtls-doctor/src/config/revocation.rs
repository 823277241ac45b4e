//! The CRL of a server's configuration.

use x509_identity::Certificate;

use crate::files::{self, Given, Item};
use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::edit;
use super::load::load;
use super::settings::{Server, ServerSettings};

/// Whether the CRL is looked at, fresh, and of the CAs whose clients are accepted.
pub(crate) fn check(
    settings: &ServerSettings,
    accepted: &[Item],
    given: &Given,
    options: &Options,
    report: &mut Report,
) {
    let Some(setting) = &settings.crl else { return };
    if !settings.is_crl_checked {
        let what = "A CRL is named, and SSLCARevocationCheck is not set: nobody looks at it.";
        let finding = Finding::error("crl-not-checked", setting.at.place(), what)
            .why("Apache accepts revoked clients (since 2.3.15 the check is off unless it is switched on).");
        report.finding(
            match edit::added(&setting.at, "SSLCARevocationCheck chain") {
                Some(command) => finding.command(command),
                None => finding.step("Write `SSLCARevocationCheck chain`."),
            },
        );
    }
    let Some(crl) = load(setting, Role::Crl, options, report) else {
        return;
    };
    let cas: Vec<&Certificate> = accepted
        .iter()
        .flat_map(|item| &item.certificates)
        .filter(|one| one.is_ca())
        .collect();
    let before = report.findings().len();
    files::check_crl(&crl, &cas, given, options, report);
    if report.findings().len() > before {
        return;
    }
    let uncovered = cas.iter().find(|ca| {
        !crl.crls
            .iter()
            .any(|crl| crl.issuer_der() == ca.subject_der())
    });
    let Some(ca) = uncovered.filter(|_| settings.server != Server::Caddy) else {
        return;
    };
    let what = format!(
        "{} has no CRL of {}, whose clients are accepted.",
        setting.value.display(),
        ca.subject()
    );
    report.finding(
        Finding::error("crl-missing-for-ca", setting.at.place(), what)
            .why("With a CRL, OpenSSL wants one of every CA of a chain: `unable to get certificate CRL`, and its clients are refused.")
            .step("Append the CRL of that CA to the file; a root has one, too."),
    );
}
