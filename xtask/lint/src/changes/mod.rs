//! The changes, each of which makes a certificate that somebody should mind, and why the linters differ about it.

mod extensions;
mod fields;
mod named;
mod parts;

pub(crate) use self::named::Named;

/// Every change.
pub(crate) fn all() -> impl Iterator<Item = &'static Named> {
    fields::CHANGES.iter().chain(extensions::CHANGES)
}
