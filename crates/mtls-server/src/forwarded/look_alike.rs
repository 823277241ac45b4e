//! Header names that differ and are the same to somebody.

/// Whether two names are one for some reader: CGI, WSGI and their heirs make an underscore of
/// whatever is neither letter nor digit, and take no account of case.
pub(super) fn look_alike(one: &str, other: &str) -> bool {
    let fold = |byte: u8| match byte.to_ascii_lowercase() {
        byte if byte.is_ascii_alphanumeric() => byte,
        _ => b'-',
    };
    one.len() == other.len() && one.bytes().map(fold).eq(other.bytes().map(fold))
}
