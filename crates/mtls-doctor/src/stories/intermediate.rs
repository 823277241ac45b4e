//! A leaf that is sent without its intermediate: the root is trusted, and nobody can find the way to it.

/// How it is sent.
pub(crate) const SEND: &str = "Send the intermediate with the certificate: in PEM behind it (cat client.crt issuing.crt > \
     client-chain.crt), in a bundle as a CA certificate beside it (openssl pkcs12 -export -certfile issuing.crt), in iOS \
     code in the certificates of URLCredential. A server that has it, too, needs none of it.";
