//! A TLS client that always shows its certificate and says why it was refused
