//! The CRL of a server's configuration.

use x509_identity::Certificate;

use crate::config::edit;
use crate::config::load::load;
use crate::config::settings::{Server, ServerSettings};
use crate::files::{self, Given, Item};
use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::accepts::{Hashed, unhashed};
use super::case::certificates;

/// Whether the CRL is looked at, fresh, and of the CAs whose clients are accepted. `last` is the CRL that was read for the
/// virtual host before: often they share one, which may be large.
pub(crate) fn check(
    settings: &ServerSettings,
    accepted: &[Item],
    given: &Given,
    options: &Options,
    last: &mut Option<Item>,
    report: &mut Report,
) {
    if let Some(at) = &settings.wants_crl {
        let what = "CRLs are demanded (SSLCARevocationCheck), and none is named.";
        let beside = settings
            .client_ca
            .first()
            .map(|ca| ca.value.with_extension("crl"));
        let beside = beside.filter(|path| path.is_file());
        let named = beside.map(|path| format!("SSLCARevocationFile {}", edit::whole(&path)));
        report.finding(
            Finding::error("crl-not-set", at.place(), what)
                .why("Apache refuses every client: `unable to get certificate CRL`.")
                .command_or(
                    named.and_then(|named| edit::added(at, &named)),
                    "Name the CRL of the clients' CA: SSLCARevocationFile.",
                ),
        );
    }
    if settings.is_crl_checked {
        let directory = settings.crl_directory.as_ref();
        report.findings_of(directory.and_then(|directory| unhashed(directory, Hashed::Crls)));
    }
    let Some(setting) = &settings.crl else { return };
    if !settings.is_crl_checked {
        let what =
            "A CRL is named, and SSLCARevocationCheck is not set to `chain`: nobody looks at it.";
        let finding = Finding::error("crl-not-checked", setting.at.place(), what)
            .why("Apache accepts revoked clients (since 2.3.15 the check is off unless it is switched on).");
        report.finding(finding.command_or(
            match &settings.crl_check {
                Some(written) => edit::set(settings, written, "chain"),
                None => edit::added(&setting.at, "SSLCARevocationCheck chain"),
            },
            "Write `SSLCARevocationCheck chain`.",
        ));
    }
    if last.as_ref().is_none_or(|crl| crl.path != setting.value) {
        *last = load(setting, Role::Crl, options, report);
    }
    let Some(crl) = last else { return };
    let cas: Vec<&Certificate> = certificates(accepted).filter(|one| one.is_ca()).collect();
    // Of several virtual hosts with one CRL, the same is found wrong with it for each.
    let mut of_crl = Report::default();
    files::check_crl(crl, &cas, given, options, &mut of_crl);
    let is_at_fault = !of_crl.findings().is_empty();
    report.append(of_crl);
    if is_at_fault {
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
