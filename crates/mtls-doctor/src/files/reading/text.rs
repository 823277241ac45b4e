//! How a file is written: what our reader takes and other programs do not.

use crate::files::shell;
use crate::finding::Finding;

use super::item::Item;

/// What is wrong with the text of a PEM file; nothing for a file that is not text.
pub(crate) fn findings(item: &Item) -> Vec<Finding> {
    let (place, file, bytes) = (item.place(), shell::path(&item.path), item.bytes.as_slice());
    let mut findings = Vec::new();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || is_utf16(bytes) {
        findings.push(
            Finding::error(
                "pem-utf16",
                place,
                "The file is UTF-16, as PowerShell and Notepad write it.",
            )
            .why("OpenSSL, nginx, Apache, HAProxy and curl read ASCII alone: `no start line`.")
            .command(rewritten(
                &file,
                &format!("iconv -f UTF-16 -t UTF-8 {file} | sed '1s/^\\xEF\\xBB\\xBF//'"),
            )),
        );
        return findings;
    }
    if bytes.starts_with(BOM) {
        findings.push(
            Finding::error(
                "pem-byte-order-mark",
                place.clone(),
                "The file begins with a byte order mark (EF BB BF), so its first line is not `-----BEGIN`.",
            )
            .why(
                "OpenSSL before 3, BoringSSL (Envoy, Chrome, Android) and Go (Caddy) do not see the first section: `no start \
                 line`, `failed to find any PEM data`, or the next certificate is taken for the first.",
            )
            .command(rewritten(&file, &format!("sed '1s/^\\xEF\\xBB\\xBF//' {file}"))),
        );
    }
    if has(bytes, b"----------BEGIN") {
        findings.push(
            Finding::error(
                "pem-glued",
                place.clone(),
                "Two sections are on one line: a `-----BEGIN` stands directly behind an `-----END` line.",
            )
            .why("OpenSSL and what is built on it: `bad end line`; the second section is lost.")
            .command(rewritten(&file, &format!("sed 's/----------BEGIN/-----\\n-----BEGIN/g' {file}"))),
        );
    }
    let indented = |line: &[u8]| {
        let trimmed = line.trim_ascii_start();
        trimmed.len() < line.len() && trimmed.starts_with(b"-----BEGIN")
    };
    if bytes.split(|byte| *byte == b'\n').any(indented) {
        findings.push(
            Finding::error("pem-indented", place.clone(), "The lines of the file are indented.")
                .why("OpenSSL and what is built on it does not see an indented `-----BEGIN`: `no start line`.")
                .command(rewritten(&file, &format!("sed 's/^[ \\t]*//' {file}"))),
        );
    }
    if has(bytes, b"-----\r\n") {
        findings.push(
            Finding::note("pem-crlf", place, "The lines end as on Windows (CR LF).")
                .why("OpenSSL reads it; scripts that compare or join such files, and some devices, do not.")
                .command(rewritten(&file, &format!("sed 's/\\r$//' {file}"))),
        );
    }
    findings
}

/// A command that writes a file anew and leaves its owner and mode as they are: it may be a key.
pub(crate) fn rewritten(file: &str, command: &str) -> String {
    let copy = format!("{file}.new");
    format!("(umask 077; {command} > {copy}) && cat {copy} > {file} && rm {copy}")
}

/// Text with a NUL beside every character, as UTF-16 without a mark is.
fn is_utf16(bytes: &[u8]) -> bool {
    let start = bytes.get(..10).unwrap_or_default();
    [&b"-\0-\0-\0-\0-\0"[..], b"\0-\0-\0-\0-\0-"].contains(&start)
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

const BOM: &[u8] = b"\xEF\xBB\xBF";
