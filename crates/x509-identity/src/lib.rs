//! Who a certificate names: structured names, usages and fingerprints from one parse
