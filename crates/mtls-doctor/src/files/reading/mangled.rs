//! Binary that went through a program for text: `>` of PowerShell, an editor, a form that takes UTF-8.

use super::item::Item;
use super::text;
use crate::files::shell;
use crate::finding::Finding;

/// What was made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// As iconv calls it.
    encoding: &'static str,
    /// Whether every byte can be had back.
    is_whole: bool,
}

/// DER begins with 0x30, and with 0x82 or 0x81 in all but the shortest files: as text, that is a `0` and a letter beyond
/// ASCII.
pub(super) fn of(bytes: &[u8]) -> Option<Form> {
    let utf16 = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        char::decode_utf16(units)
            .collect::<Result<String, _>>()
            .ok()
    };
    let (encoding, text) = match bytes {
        [0xff, 0xfe, rest @ ..] => ("UTF-16", utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => ("UTF-16", utf16(rest, u16::from_be_bytes)?),
        [0x30, 0x00, ..] => ("UTF-16LE", utf16(bytes, u16::from_le_bytes)?),
        [0x30, 0xc2 | 0xe2 | 0xef, ..] => ("UTF-8", str::from_utf8(bytes).ok()?.to_owned()),
        _ => return None,
    };
    let mut letters = text.chars();
    let begins = letters.next() == Some('0')
        && matches!(
            letters.next(),
            Some('\u{80}'..='\u{84}' | '\u{201a}' | '\u{fffd}')
        );
    begins.then(|| Form {
        encoding,
        is_whole: text.chars().all(|letter| u32::from(letter) < 0x100),
    })
}

pub(super) fn finding(item: &Item, form: Form) -> Finding {
    let file = shell::path(&item.path);
    let what = format!(
        "The file was binary, and a program for text has written it anew as {}.",
        form.encoding
    );
    let finding = Finding::error("binary-as-text", item.place(), what).why(
        "Every reader refuses it, and of a bundle most say that the password is wrong. `>` of PowerShell does so, and editors, \
         forms and mail programs.",
    );
    let Form { encoding, is_whole } = form;
    let back = format!("iconv -f {encoding} -t LATIN1 {file}");
    finding.command_or(
        is_whole.then(|| text::rewritten(&file, &back)),
        "Copy the file again as binary: bytes are lost that nothing brings back.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_what_was_binary() {
        let der: Vec<u8> = vec![0x30, 0x82, 0x01, 0x00, 0xff, 0x41];
        let as_text: String = der.iter().map(|byte| char::from(*byte)).collect();
        let whole = of(as_text.as_bytes());
        assert!(whole.is_some_and(|form| form.is_whole && form.encoding == "UTF-8"));
        let lost = as_text.replace(|letter: char| !letter.is_ascii(), "\u{fffd}");
        assert!(of(lost.as_bytes()).is_some_and(|form| !form.is_whole));
        let units: Vec<u8> = as_text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(of(&units).map(|form| form.encoding), Some("UTF-16LE"));
        let marked = [&[0xff, 0xfe], units.as_slice()].concat();
        assert_eq!(of(&marked).map(|form| form.encoding), Some("UTF-16"));
        for other in [der.as_slice(), b"-----BEGIN X-----", b"0", b"", b"0x30"] {
            assert_eq!(of(other), None, "{other:?}");
        }
    }
}
