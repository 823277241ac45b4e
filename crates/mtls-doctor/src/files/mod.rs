//! What is in the files that were given, each alone and compared with the others.

mod chain;
mod completed;
mod crl;
mod facts;
mod given;
mod leaf;
mod pair;
mod purpose;
pub(crate) mod reading;
mod reissue;
pub(crate) mod shell;
mod surroundings;
mod verdict;
pub(crate) mod wording;

use std::path::{Path, PathBuf};

use x509_identity::Certificate;

pub(crate) use chain::issued;
pub(crate) use given::{Given, Position};
pub(crate) use leaf::is_for;
pub(crate) use reading::Item;

use self::pair::Presented;
use self::surroundings::Surroundings;
use crate::finding::{Finding, Severity};
use crate::report::Report;
use crate::target::{Options, Role};

/// Whom the CAs that were given belong to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trust {
    /// Whoever what is presented has to convince: it has to lead to one of them.
    OtherSide,
    /// A client that connects to a server: they say nothing about the client's own certificate, which often is of
    /// another CA.
    Ours,
}

/// Reads and checks these files.
pub(crate) fn examine(
    files: &[(&Path, Role)],
    trust: Trust,
    options: &Options,
    report: &mut Report,
) -> Given {
    let read = |(path, role): &(&Path, Role)| reading::item(path, *role, options, report);
    let items: Vec<Item> = files.iter().filter_map(read).collect();
    let presented = check_by(&items, trust, options, report);
    Given::new(items, presented)
}

/// Reads one more file, which a configuration names.
pub(crate) fn read(
    path: &Path,
    role: Role,
    options: &Options,
    report: &mut Report,
) -> Option<Item> {
    reading::item(path, role, options, report)
}

/// Compares files that were read. What is presented is in the answer: position of the file, of its leaf in it, and of the
/// file with its key.
pub(crate) fn check(items: &[Item], options: &Options, report: &mut Report) -> Vec<Position> {
    check_by(items, Trust::OtherSide, options, report)
}

fn check_by(items: &[Item], trust: Trust, options: &Options, report: &mut Report) -> Vec<Position> {
    let surroundings = Surroundings::new(items);
    let presented = pair::presented(items, &surroundings, options, report);
    let trusted: Vec<&Certificate> = items
        .iter()
        .filter(|item| item.is_trust())
        .flat_map(|item| &item.certificates)
        .collect();
    for item in items {
        facts::tell(item, &presented, options, report);
        if item.role == Role::Ca {
            report.findings_of(trusted_is_ca(item));
        }
    }
    let convinced = match trust {
        Trust::OtherSide => trusted.as_slice(),
        Trust::Ours => &[],
    };
    for one in &presented {
        against(*one, convinced, &surroundings, options, report);
    }
    if presented.is_empty() {
        report.findings_of(
            trusted
                .iter()
                .filter_map(|ca| facts::outdated(ca, items, options)),
        );
    }
    revocation(items, &presented, options, report);
    let position = |item: &Item| items.iter().position(|one| std::ptr::eq(one, item));
    let positions = presented.iter().filter_map(|one| {
        Some(Position {
            item: position(one.item)?,
            leaf: one.leaf,
            key: one.key.and_then(position),
        })
    });
    positions.collect()
}

fn against(
    one: Presented<'_>,
    trusted: &[&Certificate],
    surroundings: &Surroundings<'_>,
    options: &Options,
    report: &mut Report,
) {
    let chain = chain::check(one, trusted, surroundings, options, report);
    leaf::check(one, &chain, surroundings, options, report);
}

/// The file beside these that has the root above one of their certificates.
pub(crate) fn root_beside(items: &[Item]) -> Option<PathBuf> {
    let surroundings = Surroundings::new(items);
    let mut below = items.iter().flat_map(|item| &item.certificates);
    below.find_map(|one| {
        let mut known = surroundings.certificates();
        let (path, _) = known.find(|(_, ca)| ca.is_self_issued() && issued(one, ca))?;
        Some(path.to_owned())
    })
}

/// The file beside these that has the key of the first certificate.
pub(crate) fn key_beside(items: &[Item]) -> Option<PathBuf> {
    let leaf = items.first()?.certificates.first()?;
    let surroundings = Surroundings::new(items);
    surroundings.key(leaf.spki_der()).map(Path::to_owned)
}

/// Checks the CRL that a server was given for `cas`, and whether it revokes what is presented.
pub(crate) fn check_crl(
    item: &Item,
    cas: &[&Certificate],
    given: &Given,
    options: &Options,
    report: &mut Report,
) {
    let certificates: Vec<_> = given.presented().flat_map(certificates).collect();
    crl::check(item, cas, &certificates, options, report);
}

fn revocation(items: &[Item], presented: &[Presented<'_>], options: &Options, report: &mut Report) {
    let known = |one: &&Certificate| one.is_ca();
    let cas: Vec<&Certificate> = items
        .iter()
        .flat_map(|item| &item.certificates)
        .filter(known)
        .collect();
    let certificates: Vec<_> = presented.iter().copied().flat_map(certificates).collect();
    for item in items {
        crl::check(item, &cas, &certificates, options, report);
    }
}

/// The certificates of the file that something is presented from, and where they are.
fn certificates(one: Presented<'_>) -> impl Iterator<Item = (&Certificate, String)> {
    let all = one.item.certificates.iter();
    all.map(move |certificate| (certificate, one.item.place()))
}

/// Whom somebody trusts has to be a CA.
fn trusted_is_ca(item: &Item) -> Option<Finding> {
    let other = item
        .certificates
        .iter()
        .find(|one| one.version() == 3 && !one.is_ca())?;
    let what = format!(
        "{} is not a CA, and is given as one that is trusted.",
        other.subject()
    );
    Some(
        Finding::error("ca-not-a-ca", item.place(), what)
            .why("OpenSSL and nginx: `unable to get local issuer certificate` or `invalid CA certificate`: nothing leads to it.")
            .step("Give the certificate of the CA that issued it."),
    )
}

impl Given {
    /// What is missing behind the certificates of `items`, for whoever trusts the CAs that were given.
    pub(crate) fn missing_behind(&self, items: &[Item], options: &Options) -> Option<Finding> {
        let surroundings = Surroundings::new(items);
        let mut scratch = Report::default();
        let trusted: Vec<&Certificate> = self.ca.iter().collect();
        for one in pair::presented(items, &surroundings, options, &mut Report::default()) {
            chain::check(one, &trusted, &surroundings, options, &mut scratch);
        }
        let mut findings = scratch.findings().iter();
        findings
            .find(|one| one.id == "intermediate-missing")
            .cloned()
    }

    /// Why a server that trusts these CAs refuses what is presented for clients.
    pub(crate) fn refused_by(&self, trusted: &[&Certificate], options: &Options) -> Vec<Finding> {
        let mut report = Report::default();
        let surroundings = Surroundings::new(&self.items);
        for one in self.clients(options) {
            against(one, trusted, &surroundings, options, &mut report);
        }
        let errors = report
            .findings()
            .iter()
            .filter(|one| one.severity == Severity::Error);
        errors.cloned().collect()
    }
}
