//! One file for each command, in rooms by what they are about.

pub(crate) mod attest;
pub(crate) mod ca;
pub(crate) mod checks;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod enrollment;
pub(crate) mod import;
pub(crate) mod issuing;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod p12;
pub(crate) mod phones;
pub(crate) mod records;
pub(crate) mod serve;
