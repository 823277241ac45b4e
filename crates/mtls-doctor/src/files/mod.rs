//! What is in the files that were given, each alone and compared with the others.

mod bundle;
mod chain;
mod crl;
mod facts;
mod given;
mod item;
mod key;
mod leaf;
mod pair;
mod purpose;
mod read;
mod reissue;
pub(crate) mod shell;
mod surroundings;
mod text;
mod verdict;
pub(crate) mod wording;
mod wrong_kind;

use std::path::Path;

use tls_identity::Identity;
use x509_identity::Certificate;

pub(crate) use given::Given;
pub(crate) use item::Item;

use self::pair::Presented;
use self::surroundings::Surroundings;
use crate::report::Report;
use crate::target::{Options, Role};

/// Reads and checks these files.
pub(crate) fn examine(files: &[(&Path, Role)], options: &Options, report: &mut Report) -> Given {
    let read = |(path, role): &(&Path, Role)| read::item(path, *role, options, report);
    let items: Vec<Item> = files.iter().filter_map(read).collect();
    check(&items, options, report)
}

/// Compares files that were read.
pub(crate) fn check(items: &[Item], options: &Options, report: &mut Report) -> Given {
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
            report.findings_of(trust(item));
        }
    }
    for one in &presented {
        let chain = chain::check(*one, &trusted, &surroundings, options, report);
        leaf::check(*one, &chain, &surroundings, options, report);
    }
    if presented.is_empty() {
        report.findings_of(
            trusted
                .iter()
                .filter_map(|ca| facts::outdated(ca, items, options)),
        );
    }
    revocation(items, &presented, options, report);
    Given {
        identity: presented.iter().find_map(identity),
        ca: trusted.into_iter().cloned().collect(),
        crls: items
            .iter()
            .flat_map(|item| &item.crls)
            .map(|crl| crl.der().to_vec())
            .collect(),
    }
}

fn revocation(items: &[Item], presented: &[Presented<'_>], options: &Options, report: &mut Report) {
    let known = |one: &&Certificate| one.is_ca();
    let cas: Vec<&Certificate> = items
        .iter()
        .flat_map(|item| &item.certificates)
        .filter(known)
        .collect();
    let leaves: Vec<_> = presented
        .iter()
        .flat_map(|one| {
            one.item
                .certificates
                .iter()
                .map(|certificate| (certificate, one.item.place()))
        })
        .collect();
    for item in items {
        crl::check(item, &cas, &leaves, options, report);
    }
}

/// Whom somebody trusts has to be a CA.
fn trust(item: &Item) -> Option<crate::Finding> {
    let other = item
        .certificates
        .iter()
        .find(|one| one.version() == 3 && !one.is_ca())?;
    let what = format!(
        "{} is not a CA, and is given as one that is trusted.",
        other.subject()
    );
    Some(
        crate::Finding::error("ca-not-a-ca", item.place(), what)
            .why("OpenSSL and nginx: `unable to get local issuer certificate` or `invalid CA certificate`: nothing leads to it.")
            .step("Give the certificate of the CA that issued it."),
    )
}

/// What one side presents, for whoever connects with it.
fn identity(one: &Presented<'_>) -> Option<Identity> {
    let key = one.key?.key.as_ref()?;
    let mut order: Vec<&Certificate> = vec![one.certificate()];
    order.extend(
        one.item
            .certificates
            .iter()
            .filter(|certificate| **certificate != *one.certificate()),
    );
    let chain: String = order.into_iter().map(pki_core::certificate_pem).collect();
    Identity::from_pem(chain.as_bytes(), key.encoded.secret_der().secret_der()).ok()
}
