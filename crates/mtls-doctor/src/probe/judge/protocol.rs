//! What answers instead of TLS, by its first words.

/// A protocol that is known by how it begins.
#[derive(Debug)]
pub(super) struct Protocol {
    pub(super) name: &'static str,
    /// What `openssl s_client -starttls` calls it, where it can begin TLS on the open connection.
    pub(super) starttls: Option<&'static str>,
    /// The port at which it speaks TLS from the beginning, where there is one.
    pub(super) port: Option<u16>,
}

impl Protocol {
    /// The protocol of these first bytes.
    pub(super) fn of(first: &[u8]) -> Option<&'static Self> {
        let is_of = |(begins, _): &&(&[u8], Self)| first.starts_with(begins);
        let named = KNOWN.iter().find(is_of).map(|(_, protocol)| protocol);
        // A greeting of MySQL is a packet: its length, the number 0, and the version of its protocol.
        named.or_else(|| matches!(first, [_, _, 0, 0, 10, ..]).then_some(&MYSQL))
    }

    /// What to do instead.
    pub(super) fn advice(&self) -> String {
        let name = self.name;
        match (self.starttls, self.port) {
            (Some(_), Some(port)) => format!(
                "Use the port at which {name} speaks TLS from the beginning, usually {port}, or a client that begins TLS by \
                 itself (STARTTLS)."
            ),
            (Some(_), None) => format!(
                "{name} begins TLS on the open connection: use a client of its own that asks for it (STARTTLS)."
            ),
            (None, Some(port)) => format!(
                "Use the port at which {name} speaks TLS, usually {port}, or switch TLS on at this one."
            ),
            (None, None) => format!("{name} has no TLS: check the port."),
        }
    }
}

const MYSQL: Protocol = Protocol {
    name: "MySQL",
    starttls: Some("mysql"),
    port: None,
};

const fn protocol(
    name: &'static str,
    starttls: Option<&'static str>,
    port: Option<u16>,
) -> Protocol {
    Protocol {
        name,
        starttls,
        port,
    }
}

/// The longer beginning first.
const KNOWN: [(&[u8], Protocol); 16] = [
    (b"SSH-", protocol("SSH", None, None)),
    (b"* OK", protocol("IMAP", Some("imap"), Some(993))),
    (b"+OK", protocol("POP3", Some("pop3"), Some(995))),
    (b"220 (vsFTPd", protocol("FTP", Some("ftp"), Some(990))),
    (b"220 ProFTPD", protocol("FTP", Some("ftp"), Some(990))),
    (
        b"220---------- Welcome to Pure-FTPd",
        protocol("FTP", Some("ftp"), Some(990)),
    ),
    (b"220", protocol("SMTP (or FTP)", Some("smtp"), Some(465))),
    (b"200 news", protocol("NNTP", Some("nntp"), Some(563))),
    (
        b"\"IMPLEMENTATION\"",
        protocol("ManageSieve", Some("sieve"), None),
    ),
    (b"<?xml", protocol("XMPP", Some("xmpp"), Some(5223))),
    (b"-ERR", protocol("Redis", None, Some(6380))),
    (b"-DENIED", protocol("Redis", None, Some(6380))),
    (b"AMQP", protocol("AMQP", None, Some(5671))),
    (b"RFB ", protocol("VNC", None, None)),
    (
        b"\x30\x0c\x02\x01",
        protocol("LDAP", Some("ldap"), Some(636)),
    ),
    (b"\x03\x00\x00", protocol("RDP", None, None)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_known_by_its_greeting() {
        for (first, name) in [
            (
                b"220 mx.example ESMTP Postfix\r\n".as_slice(),
                "SMTP (or FTP)",
            ),
            (b"220 (vsFTPd 3.0.3)\r\n", "FTP"),
            (b"* OK [CAPABILITY IMAP4rev1]", "IMAP"),
            (b"SSH-2.0-OpenSSH_9.2", "SSH"),
            (b"\x4a\x00\x00\x00\x0a8.0.36\x00", "MySQL"),
        ] {
            let found = Protocol::of(first);
            assert_eq!(found.map(|one| one.name), Some(name));
            assert!(found.is_some_and(|one| one.advice().ends_with('.')));
        }
        for other in [b"hello".as_slice(), b"", b"2", b"\x16\x03\x01"] {
            assert!(Protocol::of(other).is_none(), "{other:?}");
        }
    }
}
