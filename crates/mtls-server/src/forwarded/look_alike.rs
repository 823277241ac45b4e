//! Header names that differ, but are the same to some software.

/// Whether some software takes two names for one. CGI, WSGI and similar interfaces ignore case, and
/// replace whatever is neither a letter nor a digit by an underscore.
pub(super) fn look_alike(one: &str, other: &str) -> bool {
    let fold = |byte: u8| match byte.to_ascii_lowercase() {
        byte if byte.is_ascii_alphanumeric() => byte,
        _ => b'-',
    };
    one.bytes().map(fold).eq(other.bytes().map(fold))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_that_differ_in_case_and_punctuation_alone() {
        for (other, expected) in [
            ("client-cert", true),
            ("Client_Cert", true),
            ("client.cert", true),
            ("client-certs", false),
            ("client-cer", false),
            ("clientcert", false),
            ("xlient-cert", false),
            ("client-cert1", false),
            ("client-c3rt", false),
            ("", false),
        ] {
            assert_eq!(look_alike("client-cert", other), expected, "{other}");
        }
    }
}
