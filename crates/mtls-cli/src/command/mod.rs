//! One file for each command, in rooms by what they are about.

pub(crate) mod attest;
pub(crate) mod ca;
pub(crate) mod checks;
pub(crate) mod doctor;
pub(crate) mod enrollment;
pub(crate) mod import;
pub(crate) mod issuing;
pub(crate) mod p12;
pub(crate) mod phones;
pub(crate) mod records;
pub(crate) mod serve;
pub(crate) mod shell;
pub(crate) mod store;
