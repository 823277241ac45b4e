//! What a host name is.

/// Whether `text` is the name of one host. Its labels are of ASCII letters, digits, hyphens and
/// underscores, have 1 to 63 octets each and 253 in all, and neither begin nor end with a hyphen
/// (RFC 1123 section 2.1, RFC 5891 section 4.2.3.1). It has no wildcard, and no dot at the end.
///
/// Those rules have no underscores, but names with underscores are in use.
pub fn is_host_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(plain)
}

/// Whether the last label of `name` is a number, in decimal or as `0x7f`.
///
/// Every browser takes such a name for an IPv4 address, in forms such as `127.1` too, or refuses it
/// (WHATWG URL Standard, "ends in a number"). A label that is empty counts as a number, too: no host name ends in one.
pub fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hex {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Whether `host` is `domain` with labels in front of it. Both are host names.
pub(super) fn is_below(host: &str, domain: &str) -> bool {
    let Some(start) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    let parts = host.get(..start).zip(host.get(start..));
    parts.is_some_and(|(labels, end)| labels.ends_with('.') && end.eq_ignore_ascii_case(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_in_a_number_where_it_would_be_read_as_an_address() {
        for (name, is_number) in [
            ("10.0.0.300", true),
            ("127.1", true),
            ("host.0x7f", true),
            ("host.0X7F", true),
            ("a1.example", false),
            ("0x.example", false),
            ("host.0x7g", false),
            ("", true),
            ("host.", true),
        ] {
            assert_eq!(ends_in_a_number(name), is_number, "{name}");
        }
    }

    #[test]
    fn a_host_name_has_plain_labels_within_the_limits_of_dns() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        for good in ["localhost", "a-b.example", "_dmarc.A.1", &label, &longest] {
            assert!(is_host_name(good), "{good}");
        }
        let (long_label, too_long) = (format!("{label}a"), format!("{longest}a"));
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "-a.b",
            "a-.b",
            "a b",
            "a/b",
            "*.b",
            "ü.b",
            &long_label,
            &too_long,
        ] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }
}
