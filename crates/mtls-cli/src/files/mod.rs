//! Reading files that somebody named, and writing files that are whole or not there.

mod read;
mod walk;
mod write;

pub(crate) use read::{password_of, read, read_secret};
pub(crate) use walk::below;
pub(crate) use write::{
    Access, Pending, PendingSet, make_directory, parent_of, sync_directory, write_public,
    write_secret,
};
