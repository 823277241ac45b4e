//! Header names that differ, but are the same to some software.

/// Whether some software takes two names for one. CGI, WSGI and similar interfaces ignore case, and
/// replace whatever is neither a letter nor a digit by an underscore.
pub(super) fn look_alike(one: &str, other: &str) -> bool {
    let fold = |byte: u8| match byte.to_ascii_lowercase() {
        byte if byte.is_ascii_alphanumeric() => byte,
        _ => b'-',
    };
    one.len() == other.len() && one.bytes().map(fold).eq(other.bytes().map(fold))
}
