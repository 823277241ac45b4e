//! Under which names the pages may be asked for.
//!
//! A web page from anywhere can let its own DNS name resolve to 127.0.0.1, and its script then reads what is
//! served there as if it were its own (DNS rebinding). Here that would be a key bundle, so a request has to
//! name this machine in a way that nobody can register: an address, a bare host name, or one below a suffix
//! that public DNS does not delegate.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::Response;

use super::notice::notice;

/// RFC 6761 6.3 and RFC 6762 3.
const LOCAL_SUFFIXES: [&str; 2] = [".localhost", ".local"];

/// The DNS names that were allowed, in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    pub(super) fn add(&mut self, name: String) {
        self.0.push(name.to_ascii_lowercase());
    }

    fn allow(&self, authority: &str) -> bool {
        let named = |host: String| self.0.contains(&host);
        is_local(authority) || host_of(authority).is_some_and(named)
    }
}

pub(super) async fn require_local_name(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Response {
    let allowed = |authority: &str| hosts.allow(authority);
    let in_header = request
        .headers()
        .get(HOST)
        .is_none_or(|value| value.to_str().is_ok_and(allowed));
    let in_uri = request
        .uri()
        .authority()
        .is_none_or(|authority| allowed(authority.as_str()));
    if in_header && in_uri {
        return next.run(request).await;
    }
    notice(
        StatusCode::MISDIRECTED_REQUEST,
        "Use the computer's address",
        "Open this page by the IP address of the computer, such as 192.0.2.7:8080, or as localhost. Under any other name \
         it answers nobody, so that no web site can fetch the keys through your browser.",
    )
}

fn is_local(authority: &str) -> bool {
    host_of(authority).is_some_and(|host| {
        address_of(&host).is_some()
            || !host.contains('.')
            || LOCAL_SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
    })
}

/// Whether it names this computer for programs on it alone.
pub(super) fn is_loopback(authority: &str) -> bool {
    host_of(authority).is_some_and(|host| match address_of(&host) {
        Some(address) => address.is_loopback(),
        None => host == "localhost" || host.ends_with(".localhost"),
    })
}

/// In lower case, without the port; an IPv6 address in its brackets.
fn host_of(authority: &str) -> Option<String> {
    let authority: Authority = authority.parse().ok()?;
    Some(authority.host().to_ascii_lowercase())
}

fn address_of(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Hosts, is_local, is_loopback};

    #[test]
    fn only_names_that_nobody_can_register_are_local() {
        for (authority, expected) in [
            ("127.0.0.1:8080", true),
            ("192.168.1.20", true),
            ("[::1]:8080", true),
            ("localhost:8080", true),
            ("LOCALHOST", true),
            ("lab.localhost", true),
            ("my-mac.local:8080", true),
            ("my-pc", true),
            ("rebind.example:8080", false),
            ("127.0.0.1.rebind.example", false),
            ("localhost.rebind.example", false),
            ("rebind.example.", false),
            ("notlocal.example-local", false),
            ("127.0.0.1@rebind.example", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(is_local(authority), expected, "{authority}");
        }
    }

    #[test]
    fn a_name_that_was_added_is_allowed_and_no_other() {
        let mut hosts = Hosts::default();
        hosts.add("CA.example.org".to_owned());
        for (authority, expected) in [
            ("ca.example.org:8080", true),
            ("CA.EXAMPLE.ORG", true),
            ("localhost", true),
            ("example.org", false),
            ("a.ca.example.org", false),
        ] {
            assert_eq!(hosts.allow(authority), expected, "{authority}");
        }
    }

    #[test]
    fn loopback_is_this_computer_alone() {
        for (authority, expected) in [
            ("127.0.0.1:8080", true),
            ("127.1.2.3", true),
            ("[::1]:8080", true),
            ("localhost:8080", true),
            ("lab.localhost", true),
            ("192.168.1.20:8080", false),
            ("my-pc", false),
            ("my-mac.local", false),
            ("localhost.rebind.example", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(authority), expected, "{authority}");
        }
    }
}
