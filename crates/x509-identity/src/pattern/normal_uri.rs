//! The one spelling of a URI in which two are compared.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::host_name::ends_in_a_number;

/// A URI in its normal form, in which two URIs are the same if their octets are.
///
/// Of RFC 3986: scheme and host are in lower case, and so is the namespace of a `urn:` (section 6.2.2.1); `%61` is
/// `a`, and `%2f` is `%2F` (6.2.2.2); for `http`, `https`, `ws`, `wss` and `ftp` the default port is left out, and
/// an empty path is `/` (6.2.3). An IPv6 address is written as RFC 5952 says.
///
/// ```
/// use x509_identity::pattern::NormalUri;
///
/// let uri = NormalUri::parse("HTTPS://Example.org:443/%7Euser");
/// assert_eq!(uri.as_ref().map(NormalUri::as_str), Some("https://example.org/~user"));
/// assert!(NormalUri::parse("https://example.org/a/..%2fb").is_none());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NormalUri(Box<str>);

impl NormalUri {
    /// Reads a URI. `None` where two readers may take it for different resources, so that no pattern can speak of
    /// it:
    ///
    /// - it has a segment `.` or `..`, in whatever spelling, alone or before a `;`
    /// - it has a backslash, `%5C` or `%2F`, which some read as `/`
    /// - it has user information (`user@host`), a port that is not a number, or a host that is percent-encoded, or a
    ///   number in another form than an address has
    /// - the scheme is one of those above, and the host is empty, ends with a dot, or does not follow `//`
    /// - it is not ASCII, has a space or a control character, or a `%` without two hexadecimal digits
    pub fn parse(uri: &str) -> Option<Self> {
        // A star in a URI is a character, which no host can have.
        let host_has_star = authority(uri).is_some_and(|authority| authority.contains('*'));
        if host_has_star || has_relative_segment(uri) {
            return None;
        }
        normal_form(uri).map(|normal| Self(normal.into()))
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn authority(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once(':')?;
    rest.strip_prefix("//")?.split(['/', '?', '#']).next()
}

/// The normal form of a URI, or of a pattern: a star is a character like others, which a host may have.
pub(super) fn normal_form(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(plain) {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    let default_port = default_port(&scheme);
    let mut normal = format!("{scheme}:");
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            normal.push_str("//");
            push_authority(&mut normal, authority, default_port)?;
            if default_port.is_some() && !path.starts_with('/') {
                normal.push('/');
            }
            path
        }
        None if default_port.is_some() => return None,
        None => rest,
    };
    let start = normal.len();
    push_octets(&mut normal, path)?;
    if scheme == "urn" {
        lower_namespace(&mut normal, start);
    }
    Some(normal)
}

/// Of the schemes whose URIs always name a host.
fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "ftp" => Some(21),
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

fn push_authority(normal: &mut String, authority: &str, default_port: Option<u16>) -> Option<()> {
    // The colon of a port is not one of those within brackets.
    let address_end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let colon = authority.get(address_end..)?.find(':');
    let (host, port) = match colon {
        Some(colon) => authority.split_at(address_end + colon),
        None => (authority, ""),
    };
    match host.strip_prefix('[') {
        Some(address) => {
            let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
            if address.to_ipv4_mapped().is_some() {
                return None;
            }
            normal.push_str(&format!("[{address}]"));
        }
        None => {
            let mut name = String::new();
            push_octets(&mut name, host)?;
            name.make_ascii_lowercase();
            if name.contains(['@', '[', ']', '%'])
                || default_port.is_some() && !names_one_host(&name)
            {
                return None;
            }
            normal.push_str(&name);
        }
    }
    match port.strip_prefix(':') {
        None | Some("") => {}
        Some(digits) => {
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            let number: u16 = digits.parse().ok().filter(|_| is_number)?;
            if Some(number) != default_port {
                normal.push_str(&format!(":{number}"));
            }
        }
    }
    Some(())
}

/// Whether a host says which it is, and in one way.
fn names_one_host(name: &str) -> bool {
    // A name that is empty, or has a dot at its end, is taken to end in a number, too, and is no address.
    !ends_in_a_number(name) || name.parse::<Ipv4Addr>().is_ok()
}

/// Writes octets in upper-case percent encoding where they need it, and as they are where they do not.
fn push_octets(normal: &mut String, text: &str) -> Option<()> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let (byte, encoded) = match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                (u8::try_from(high << 4 | low).ok()?, true)
            }
            byte if byte.is_ascii_graphic() => (byte, false),
            _ => return None,
        };
        let character = char::from(byte);
        match (byte, encoded) {
            (b'\\', _) | (b'/', true) => return None,
            (b'-' | b'.' | b'_' | b'~', _) => normal.push(character),
            _ if byte.is_ascii_alphanumeric() => normal.push(character),
            // No URI has these, other than encoded.
            (b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}', _) | (_, true) => {
                normal.push_str(&format!("%{byte:02X}"));
            }
            _ => normal.push(character),
        }
    }
    Some(())
}

/// RFC 8141 section 3.1. A UUID is the same in either case (RFC 9562 section 4).
fn lower_namespace(normal: &mut str, start: usize) {
    let name = normal.get(start..).unwrap_or_default();
    let namespace = name.find(':').unwrap_or(name.len());
    let is_uuid = name
        .get(..namespace)
        .is_some_and(|it| it.eq_ignore_ascii_case("uuid"));
    let end = match is_uuid {
        true => name.find(['?', '#']).unwrap_or(name.len()),
        false => namespace,
    };
    if let Some(lower) = normal.get_mut(start..start + end) {
        lower.make_ascii_lowercase();
    }
}

/// Whether a segment of `uri` is `.` or `..`, in whatever spelling.
pub(super) fn has_relative_segment(uri: &str) -> bool {
    uri.split(['/', '\\', '?', '#']).any(is_relative)
}

fn is_relative(segment: &str) -> bool {
    // What follows a semicolon is a parameter, which some drop before they follow the dots.
    let mut rest = segment.split(';').next().unwrap_or_default();
    let mut dots = 0;
    while !rest.is_empty() {
        let dot = rest
            .strip_prefix('.')
            .or_else(|| rest.strip_prefix("%2e"))
            .or_else(|| rest.strip_prefix("%2E"));
        let Some(after) = dot else { return false };
        rest = after;
        dots += 1;
    }
    matches!(dots, 1 | 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(uri: &str) -> Option<String> {
        NormalUri::parse(uri).map(|uri| uri.as_str().to_owned())
    }

    #[test]
    fn spellings_of_one_uri_have_one_normal_form() {
        for (uri, expected) in [
            ("HTTPS://Example.ORG:443/%61", "https://example.org/a"),
            ("https://example.org:/", "https://example.org/"),
            ("https://example.org:0443", "https://example.org/"),
            ("https://example.org?q", "https://example.org/?q"),
            ("https://example.org:8443/", "https://example.org:8443/"),
            ("http://example.org:443/", "http://example.org:443/"),
            ("https://%65xample.org/", "https://example.org/"),
            ("https://h/%7euser%20x", "https://h/~user%20x"),
            ("https://h/%e2%82%ac", "https://h/%E2%82%AC"),
            ("https://h/{a}", "https://h/%7Ba%7D"),
            ("https://h/%7ba%7d", "https://h/%7Ba%7D"),
            ("https://h/a%252fb", "https://h/a%252fb"),
            ("https://h/a+b%2Bc", "https://h/a+b%2Bc"),
            ("https://[2001:DB8:0::1]:443/", "https://[2001:db8::1]/"),
            ("https://192.0.2.7/", "https://192.0.2.7/"),
            ("SPIFFE://TD/A", "spiffe://td/A"),
            ("ldap://h", "ldap://h"),
            ("file:///a", "file:///a"),
            ("opc.tcp://h./a", "opc.tcp://h./a"),
            ("SVN+ssh-x://h", "svn+ssh-x://h"),
            ("URN:ISBN:0A", "urn:isbn:0A"),
            ("urn:UUID:ABCD", "urn:uuid:abcd"),
            ("urn:UUID:ABCD?+Q", "urn:uuid:abcd?+Q"),
            ("urn:UUID", "urn:uuid"),
            ("urn:", "urn:"),
            ("tag:a@b,2026:C", "tag:a@b,2026:C"),
        ] {
            assert_eq!(normal(uri).as_deref(), Some(expected), "{uri}");
            assert_eq!(normal(expected).as_deref(), Some(expected), "{expected}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_has_none() {
        for uri in [
            "",
            "https",
            "://h",
            "1x:y",
            "x_y:z",
            "https:h/a",
            "https:/h/a",
            "https:///h/a",
            "https://",
            "https://:443/",
            "https://h./a",
            "https://u@h/a",
            "https://u%40h/a",
            "https://h%2eevil%2Fx/a",
            "https://*.h/a",
            "https://b%C3%BCcher/a",
            "https://h:x/a",
            "https://h:+443/a",
            "https://h:99999/a",
            "https://h:80:90/a",
            "https://127.1/a",
            "https://0x7f000001/a",
            "https://010.0.0.1/a",
            "https://2130706433/a",
            "https://[::1/a",
            "https://::1]/a",
            "https://[::1]x/a",
            "https://[fe80::1%25eth0]/a",
            "https://[::ffff:10.0.0.1]/a",
            "https://h\\@evil/a",
            "https://h/a\\b",
            "https://h/a%5cb",
            "https://h/..%2fa",
            "https://h/a%2Fb",
            "https://h/%",
            "https://h/%2",
            "https://h/%zz",
            "https://h/a b",
            "https://h/å",
            "https://h/a\n",
        ] {
            assert_eq!(normal(uri), None, "{uri}");
        }
    }

    #[test]
    fn relative_segments_are_seen_in_every_spelling() {
        for (uri, relative) in [
            ("https://h/a/../b", true),
            ("https://h/a/.", true),
            ("https://h/a/.%2e/b", true),
            ("https://h/a/%2E%2e", true),
            ("https://h/a/..;x/b", true),
            ("https://h/..?q", true),
            ("https://h/...", false),
            ("https://h/a.b", false),
            ("https://h/", false),
        ] {
            assert_eq!(normal(uri).is_none(), relative, "{uri}");
        }
    }
}
