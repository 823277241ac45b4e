//! The host that a request is for, read in one way or not at all; and whether the connection is for that host, or the
//! answer is 421.

use std::net::Ipv6Addr;

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use x509_identity::pattern::is_host_name;

use crate::connection::identity::ConnectionIdentity;

/// Whether the request is for a virtual host that asks other things of clients than the one of this
/// connection (RFC 9110 section 7.4). Where it names several hosts, each counts; where it names none,
/// it is for the default.
pub(super) fn is_misdirected(
    connection: &ConnectionIdentity,
    uri: &Uri,
    headers: &HeaderMap,
) -> bool {
    if !connection.has_virtual_hosts() {
        return false;
    }
    let differs = |authority: &[u8]| match host(authority) {
        Some(host) => connection.has_other_settings(host),
        // The application may take it for any host.
        None => connection.policies_differ(),
    };
    let target = uri.authority().map(|it| it.as_str().as_bytes());
    let hosts = headers.get_all(header::HOST).iter();
    let mut named = target
        .into_iter()
        .chain(hosts.map(HeaderValue::as_bytes))
        .peekable();
    match named.peek() {
        Some(_) => named.any(differs),
        None => differs(b""),
    }
}

/// The host of an authority (RFC 9110 section 7.2), as it was written; empty if it is empty.
///
/// `None` if somebody else could read another host in it, or none: user information, a port that is
/// not one, percent-encoding, and every character and form that no host name or IP address has.
fn host(authority: &[u8]) -> Option<&str> {
    let authority = std::str::from_utf8(authority).ok()?;
    if authority.is_empty() {
        return Some(authority);
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (address, port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (name, port) = authority.split_at(end);
            (is_name(name).then_some(name)?, port)
        }
    };
    let is_readable = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    is_readable.then_some(host)
}

/// A name or an IPv4 address. The empty label at its end is that of the root.
fn is_name(name: &str) -> bool {
    is_host_name(name.strip_suffix('.').unwrap_or(name))
}

/// RFC 3986 section 3.2.3 allows a port without digits.
fn is_port(port: &str) -> bool {
    port.is_empty() || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for (authority, expected) in [
            ("", ""),
            ("localhost", "localhost"),
            ("LOCALHOST.", "LOCALHOST."),
            ("my_service.example:443", "my_service.example"),
            ("localhost:", "localhost"),
            ("192.0.2.1:65535", "192.0.2.1"),
            ("[::1]", "::1"),
            ("[2001:db8::1]:8443", "2001:db8::1"),
        ] {
            assert_eq!(host(authority.as_bytes()), Some(expected), "{authority}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_no_host() {
        for authority in [
            &b"a.example:443@b.example"[..],
            b"a.example@b.example",
            b"@b.example",
            b":443",
            b".",
            b".a.example",
            b"a..example",
            b"-a.example",
            b"a-.example",
            b"a.example..",
            b" a.example",
            b"a.example ",
            b"a.example\t",
            b"a.example b.example",
            b"a.example,b.example",
            b"a.example\\b.example",
            b"a.example/",
            b"a.example?",
            b"a.example#",
            b"a.example;",
            b"a%2eexample",
            b"http://a.example",
            b"a.example:443:1",
            b"a.example:65536",
            b"a.example:+443",
            b"a.example:-1",
            b"a.example:https",
            b"a.example:443 ",
            b"[::1",
            b"[::1]x",
            b"[::1]:x",
            b"[fe80::1%25eth0]",
            b"[localhost]",
            b"::1",
            b"\xe9.example",
            "b\u{fc}cher.example".as_bytes(),
            "\u{212a}.example".as_bytes(),
        ] {
            assert_eq!(host(authority), None, "{}", authority.escape_ascii());
        }
        let long = format!("{}.example", "a".repeat(64));
        assert_eq!(host(long.as_bytes()), None);
    }
}
