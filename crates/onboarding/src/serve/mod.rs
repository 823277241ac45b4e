//! The pages over HTTP.

mod address;
mod files;
mod headers;
mod host;
mod keeper;
mod link;
mod notice;
mod offer;
mod operator;
mod reader;
mod shared;
mod site;
mod taken;

use std::error::Error;

pub use address::network_address;
pub use site::Site;
pub use taken::Taken;

/// An error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
