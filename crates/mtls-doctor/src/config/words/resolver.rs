//! nginx asks OCSP responders by name, and has no resolver of its own.

use std::net::IpAddr;

use super::super::edit;
use super::super::read::directive::{Directive, last};
use crate::finding::Finding;

/// What asks a responder in this block, and cannot find its address. `above` are the blocks around it, outermost first, and
/// `top` is what stands outside of all of them.
pub(super) fn missing(
    directives: &[Directive],
    above: &[&Directive],
    top: &[Directive],
) -> Option<Finding> {
    let find = |name: &str| {
        let around = above.iter().rev().map(|block| block.children.as_slice());
        std::iter::once(directives)
            .chain(around)
            .chain([top])
            .find_map(|level| last(level, name))
    };
    if find("resolver").is_some() {
        return None;
    }
    let names_host = |name: &str| find(name).and_then(Directive::argument).map(is_by_name);
    if let Some(asks) = last(directives, "ssl_ocsp")
        && asks.argument().is_some_and(|word| word != "off")
        && names_host("ssl_ocsp_responder") != Some(false)
    {
        let what =
            "nginx asks OCSP responders about clients, and no `resolver` finds their addresses.";
        let finding = Finding::error("ocsp-without-resolver", asks.at.place(), what).why(
            "Every client whose certificate names a responder is refused: 400 `The SSL certificate error`, and in the log `no \
             resolver defined to resolve`.",
        );
        return Some(with_resolver(finding, asks));
    }
    let asks = last(directives, "ssl_stapling")?;
    if asks.argument() != Some("on")
        || find("ssl_stapling_file").is_some()
        || names_host("ssl_stapling_responder") == Some(false)
    {
        return None;
    }
    let what =
        "nginx staples OCSP responses, and no `resolver` finds the address of the responder.";
    let finding = Finding::warning("stapling-without-resolver", asks.at.place(), what).why(
        "Nothing is stapled, and only the log says so: `no resolver defined to resolve`. Clients refuse a certificate that \
         demands it (must-staple).",
    );
    Some(with_resolver(finding, asks))
}

/// The address that the machine itself asks.
fn with_resolver(finding: Finding, behind: &Directive) -> Finding {
    finding.command_or(
        edit::resolver(&behind.at),
        "Write `resolver` with the address of a DNS server, such as the one in /etc/resolv.conf.",
    )
}

/// Whether the host of a URL is a name.
fn is_by_name(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_responder_has_a_name_or_an_address() {
        for (url, by_name) in [
            ("http://ocsp.example/", true),
            ("http://ocsp.example:8080", true),
            ("http://192.0.2.1:8080/x", false),
            ("http://[2001:db8::1]/", false),
        ] {
            assert_eq!(is_by_name(url), by_name, "{url}");
        }
    }
}
