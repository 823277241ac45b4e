//! The real server and the real client of a case.

mod client;
mod files;
mod server;
mod without_certificate;

pub(crate) use client::ask;
pub(crate) use files::{LabFiles, manifest};
pub(crate) use server::RunningServer;
