//! What CRLs say of a chain: which of them count, from when to when, and who is refused because of them.

mod choice;
mod file_by_file;
mod history;
mod loading;
mod revocation;
mod scope;
