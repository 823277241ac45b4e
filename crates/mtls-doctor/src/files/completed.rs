//! The command that puts certificates behind those that are presented.

use std::path::Path;

use super::reading::{Item, text};
use super::shell;

/// For a PEM file, or a bundle whose password is in a file.
pub(crate) fn command(item: &Item, files: &[&Path], password: Option<&Path>) -> Option<String> {
    let target = shell::path(&item.path);
    let more: Vec<String> = files.iter().map(|file| shell::path(file)).collect();
    let more = more.join(" ");
    if !item.is_bundle {
        return Some(text::rewritten(&target, &format!("awk 1 {target} {more}")));
    }
    let password = shell::path(password?);
    Some(format!(
        "(umask 077; openssl pkcs12 -in {target} -passin file:{password} -nodes -out {target}.pem && cat {more} >> {target}.pem && \
         openssl pkcs12 -export -in {target}.pem -passout file:{password} -out {target}.new) && rm {target}.pem && mv \
         {target}.new {target}"
    ))
}
