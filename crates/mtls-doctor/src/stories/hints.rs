//! The names of CAs that a server sends, by which clients choose an identity (RFC 8446 section 4.2.4).

/// Three ways in which the list misleads clients.
pub(crate) const EMPTY: &str = "Clients then offer every identity that they have, or none: browsers list all of them, \
     Java and .NET pick the first, and some Android applications pick none.";

pub(crate) const TOO_LONG: &str = "Clients of OpenSSL before 1.1 break the handshake between 300 and 600 names (\"excessive \
     message size\"), Schannel cuts the list at 16 KiB, and the names are sent with every handshake. It usually means \
     that the server trusts the system's bundle of public CAs for clients.";

pub(crate) const WITHOUT_ISSUER: &str = "Browsers, iOS, Android, Java and .NET offer only identities whose issuer is named: \
     they show no prompt and present nothing, while curl and openssl, which do not look at the names, connect.";
