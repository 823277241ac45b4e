//! Changes of a configuration, each with what is found.

use super::super::changed;
use crate::setup::Setup;

/// What is changed in a server's configuration, and what is found first, if anything.
pub(super) type Row = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

#[track_caller]
pub(super) fn all(rows: &[Row]) {
    let setup = Setup::lab();
    std::fs::create_dir(setup.path("lab/my ca")).unwrap();
    setup.write("lab/my ca/ca.crt", setup.read("lab/same-ca/ca.crt"));
    for (name, old, new, found) in rows {
        let path = changed(&setup, name, old, new);
        match found {
            Some(id) => setup.finds(id, &[&path]),
            None => setup.is_healthy(&[&path]),
        }
    }
}
