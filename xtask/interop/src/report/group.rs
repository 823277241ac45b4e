//! The names of the groups: each is the title of its table in `docs/interop.md`.

pub(crate) const ACME: &str = "ACME";
pub(crate) const AGENT: &str = "the agent";
pub(crate) const AUTHORITY: &str = "authority";
pub(crate) const BUNDLES: &str = "bundles";
pub(crate) const BUNDLES_OF_EACH_KIND: &str = "bundles of each kind";
pub(crate) const CERTIFICATES: &str = "certificates";
pub(crate) const CLIENTS: &str = "clients";
pub(crate) const CONSOLE: &str = "console";
pub(crate) const DEVICES: &str = "devices";
pub(crate) const DOCTOR: &str = "doctor";
pub(crate) const EST: &str = "EST";
pub(crate) const HANDSHAKES: &str = "handshakes";
pub(crate) const KEY_KINDS: &str = "key kinds";
pub(crate) const MTLS_COMMAND: &str = "the mtls command";
pub(crate) const NAMES: &str = "names";
pub(crate) const OCSP: &str = "OCSP";
pub(crate) const PHONES: &str = "phones";
pub(crate) const PROXIES: &str = "proxies";
pub(crate) const PROXY_PROTOCOL: &str = "proxy protocol";
pub(crate) const PUBLISHED: &str = "published";
pub(crate) const RECIPE: &str = "recipe";
pub(crate) const REFUSALS: &str = "refusals";
pub(crate) const RESUMPTION: &str = "resumption";
pub(crate) const SERVERS: &str = "servers";
pub(crate) const SESSIONS: &str = "sessions";
pub(crate) const UPSTREAM_CAS: &str = "upstream CAs";
