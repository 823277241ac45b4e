//! Reading what was given: certificates, keys, bundles and CRLs, and what people take for one of them.

mod bundle;
mod file;
mod item;
mod key;
mod legacy;
mod mangled;
mod strays;
pub(crate) mod text;
mod wrong_kind;

pub(super) use file::item;
pub(crate) use item::Item;
