//! What goes into a command for a shell.

use std::path::Path;

use x509_identity::DistinguishedName;

/// A path or text as one word of a POSIX shell.
pub(crate) fn word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:=@%,".contains(letter);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A path as one word; one that begins with a hyphen is not an option.
pub(crate) fn path(path: &Path) -> String {
    let text = path.display().to_string();
    match text.starts_with('-') {
        true => word(&format!("./{text}")),
        false => word(&text),
    }
}

/// A subject as the argument of `openssl req -subj`, where OpenSSL knows the types of its attributes.
pub(crate) fn subject(name: &DistinguishedName) -> Option<String> {
    let mut text = String::new();
    for rdn in name.rdns() {
        for (index, attribute) in rdn.attributes().iter().enumerate() {
            text.push(if index == 0 { '/' } else { '+' });
            text.push_str(attribute.short_name()?);
            text.push('=');
            for letter in attribute.text()?.chars() {
                if letter.is_control() {
                    return None;
                }
                if matches!(letter, '/' | '+' | '\\') {
                    text.push('\\');
                }
                text.push(letter);
            }
        }
    }
    (!text.is_empty()).then(|| word(&text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_word_stays_one_word() {
        for (text, wanted) in [
            ("a/b.crt", "a/b.crt"),
            ("my key.pem", "'my key.pem'"),
            ("it's", r"'it'\''s'"),
            ("$(rm x)", "'$(rm x)'"),
            ("", "''"),
        ] {
            assert_eq!(word(text), wanted);
        }
        assert_eq!(path(Path::new("-out")), "./-out");
    }

    #[test]
    fn a_subject_is_written_as_openssl_reads_it() {
        let name = DistinguishedName::builder();
        let name = name.country("US").common_name("a/b").build().unwrap();
        assert_eq!(subject(&name).unwrap(), r"'/C=US/CN=a\/b'");
    }
}
