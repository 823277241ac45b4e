//! A bundle with certificates of others in it.

use pkcs12_ios::{Archive, Bundle, Inspection, Reader};
use x509_identity::Certificate;

use super::item::Item;
use crate::files::shell;
use crate::finding::Finding;
use crate::target::Options;

/// The first of them, and what leaves all of them out.
pub(super) fn finding(
    item: &Item,
    outer: &Inspection,
    (archive, bundle): (&Archive, &Bundle),
    options: &Options,
) -> Option<Finding> {
    let strays = unrelated(archive, bundle);
    let stray = strays.first()?;
    let leaf = Certificate::from_der(bundle.leaf_der()).ok()?;
    // Whoever reads the bundle reads the new one, too.
    let is_compat = !outer.outlook(Reader::Ios17).is_refused();
    let what = format!(
        "The certificate of {} is in the bundle, and has nothing to do with that of {}.",
        stray.subject(),
        leaf.subject()
    );
    let file = shell::path(&item.path);
    let password = password_option(options);
    let kind = if is_compat { "compat" } else { "modern" };
    Some(
        Finding::warning("certificate-unrelated", item.place(), what)
            .why(
                "Windows, Android and macOS import it with the rest: a CA that nobody meant may be trusted then, and whoever \
                 looks for the identity's chain finds another.",
            )
            .command(format!(
                "mtls p12 convert {file}{password} --chain-only --to {kind} --out {file}.new && mv {file}.new {file}"
            )),
    )
}

/// The password of a bundle, for `mtls p12`.
pub(super) fn password_option(options: &Options) -> String {
    let password = options.password_file.as_deref();
    password.map_or_else(String::new, |path| {
        format!(" --password-file {}", shell::path(path))
    })
}

/// What is in the bundle and has nothing to do with its key: neither above its certificate, nor above one of those.
fn unrelated(archive: &Archive, bundle: &Bundle) -> Vec<Certificate> {
    let belongs = |der: &[u8]| {
        der == bundle.leaf_der() || bundle.chain_der().iter().any(|one| one.as_slice() == der)
    };
    let all: Vec<Certificate> = archive
        .certificates()
        .iter()
        .filter_map(|one| Certificate::from_der(one.der()).ok())
        .collect();
    let is_named = |one: &Certificate| {
        let mut others = all.iter().filter(|other| *other != one);
        others.any(|other| belongs(other.der()) && other.names_issuer(one))
    };
    let strays = all
        .iter()
        .filter(|one| !belongs(one.der()) && !is_named(one));
    strays.cloned().collect()
}
