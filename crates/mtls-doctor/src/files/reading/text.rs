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
    findings.extend(lines(&place, &file, bytes));
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
    if let Some(finding) = blank_line(&place, &file, bytes) {
        findings.push(finding);
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

/// Sections that are not written as other programs read them: line by line, from the first letter on, under the usual name.
fn lines(place: &str, file: &str, bytes: &[u8]) -> Option<Finding> {
    let lines = || bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let is_whole = |line: &[u8]| {
        line.strip_prefix(b"-----BEGIN ")
            .is_some_and(|rest| rest.ends_with(b"-----") && !has(rest, b"-----END"))
    };
    let finding = |id: &'static str, what: &str| Finding::error(id, place, what);
    if has(bytes, b"-----\\n") {
        return Some(
            finding("pem-escaped-lines", "The ends of the lines are written out as `\\n`.")
                .why("Every reader refuses it: `bad base64 decode`, `no start line`. It happens where the file was a value in JSON or in a variable.")
                .command(rewritten(file, &format!("sed 's/\\\\r//g; s/\\\\n/\\n/g' {file}"))),
        );
    }
    if lines().any(|line| line.starts_with(b"-----BEGIN ") && has(line, b"-----END ")) {
        // The name of the section has blanks, too.
        let command = format!(
            "awk '{{ while (match($0, /-----(BEGIN|END) [A-Z0-9 ]+-----/)) {{ if (RSTART > 1) print substr($0, 1, RSTART - 1); print \
             substr($0, RSTART, RLENGTH); $0 = substr($0, RSTART + RLENGTH) }} if ($0 != \"\") print }}' {file} | tr -d '\\r' | awk \
             '/^-----/ {{ print; next }} {{ gsub(/[ \\t]/, \"\"); while (length($0) > 64) {{ print substr($0, 1, 64); $0 = substr($0, 65) }} print \
             }}'"
        );
        return Some(
            finding("pem-one-line", "A section is on one line, its `-----BEGIN` and `-----END` included.")
                .why("OpenSSL and what is built on it reads lines: `no start line`, `bad end line`. It happens where a variable or a form has taken the line ends away.")
                .command(rewritten(file, &command)),
        );
    }
    let quoted = |line: &[u8]| {
        matches!(line.first(), Some(b'"' | b'\''))
            && line
                .get(1..)
                .is_some_and(|rest| rest.starts_with(b"-----BEGIN "))
    };
    if lines().any(quoted) {
        return Some(
            finding("pem-quoted", "The text stands in quotation marks.")
                .why("OpenSSL and what is built on it does not see a `-----BEGIN` behind a quotation mark: `no start line`.")
                .command(rewritten(file, &format!("sed \"s/^[\\\"']//; s/[\\\"'],*$//\" {file}"))),
        );
    }
    let is_called = |name: &'static [u8]| lines().any(|line| is_whole(line) && has(line, name));
    if is_called(b"BEGIN X509 CERTIFICATE") || is_called(b"BEGIN X.509 CERTIFICATE") {
        return Some(
            Finding::warning("pem-old-label", place, "The certificate is called `X509 CERTIFICATE`, as 30 years ago.")
                .why("Go and rustls do not see it: `failed to find any PEM data`, `no certificates found`; OpenSSL and GnuTLS do.")
                .command(rewritten(
                    file,
                    &format!("sed 's/^\\(-----[BEGIND]* \\)X\\.*509 CERTIFICATE-----/\\1CERTIFICATE-----/' {file}"),
                )),
        );
    }
    is_called(b"TRUSTED CERTIFICATE").then(|| {
        finding("pem-trusted-certificate", "The certificate is in OpenSSL's own form (`TRUSTED CERTIFICATE`).")
            .why("No program but OpenSSL reads it: Go `failed to find any certificate PEM data`, Java, GnuTLS, Node and curl with other libraries alike.")
            .command(rewritten(file, &format!("openssl x509 -in {file}")))
    })
}

/// A line without letters within a section, where OpenSSL takes what is above it for a header.
fn blank_line(place: &str, file: &str, bytes: &[u8]) -> Option<Finding> {
    // How many lines of the section were there, whether it begins with a header, which a blank line ends, and the first
    // blank line that does not. A section without an end is damaged in another way.
    let mut within: Option<(usize, bool, Option<usize>)> = None;
    let mut found = None;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        match &mut within {
            _ if line.starts_with(b"-----BEGIN ") => within = Some((0, false, None)),
            Some((_, _, blank)) if line.starts_with(b"-----END ") => {
                found = found.or(*blank);
                within = None;
            }
            Some((1.., false, blank)) if line.is_empty() => *blank = blank.or(Some(index + 1)),
            Some((lines, has_header, _)) => {
                *has_header |= line.contains(&b':');
                *lines += usize::from(!line.is_empty());
            }
            None => {}
        }
    }
    let what = format!(
        "Line {} of the file is empty, in the middle of a section.",
        found?
    );
    let awk = "awk '/-----BEGIN/{s=1;h=0} /:/{h=1} /-----END/{s=0} !(s && !h && /^[ \\t\\r]*$/)'";
    Some(
        Finding::error("pem-blank-line", place, what)
            .why("OpenSSL and what is built on it takes the lines above it for a header: `not proc type`, `bad end line`; Go reads it.")
            .command(rewritten(file, &format!("{awk} {file}"))),
    )
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
