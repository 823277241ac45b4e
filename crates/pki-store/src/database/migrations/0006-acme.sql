-- ACME (RFC 8555).

-- Keys of the external account binding: whoever has one may make accounts. The MAC key is here as it is, since an HMAC
-- cannot be verified by a hash of it.
-- profiles, names: lists as JSON; an empty list of names leaves them to the profile.
CREATE TABLE acme_keys (
    id @ID@,
    ca TEXT NOT NULL,
    kid TEXT NOT NULL UNIQUE,
    mac @BLOB@ NOT NULL,
    profiles TEXT NOT NULL,
    names TEXT NOT NULL,
    uses @INT@ NOT NULL,
    used @INT@ NOT NULL,
    made_by TEXT NOT NULL,
    made_at @INT@ NOT NULL,
    expires_at @INT@ NOT NULL,
    revoked_at @INT@
) @END@;

-- state: 0 valid, 1 deactivated by its holder, 2 by the CA. thumbprint: RFC 7638, of jwk.
CREATE TABLE acme_accounts (
    id @ID@,
    ca TEXT NOT NULL,
    thumbprint @BLOB@ NOT NULL,
    jwk TEXT NOT NULL,
    contacts TEXT NOT NULL,
    state @INT@ NOT NULL,
    acme_key @INT@ REFERENCES acme_keys (id),
    made_at @INT@ NOT NULL,
    UNIQUE (ca, thumbprint)
) @END@;

-- state, here and below: 0 pending, 1 ready, 2 processing, 3 valid, 4 invalid, 5 deactivated.
-- problem: a problem document, as JSON. replaces: a serial number, and what the client calls that certificate (RFC 9773).
CREATE TABLE acme_orders (
    id @ID@,
    ca TEXT NOT NULL,
    account @INT@ NOT NULL REFERENCES acme_accounts (id),
    profile TEXT NOT NULL,
    identifiers TEXT NOT NULL,
    state @INT@ NOT NULL,
    made_at @INT@ NOT NULL,
    expires_at @INT@ NOT NULL,
    replaces @BLOB@,
    replaces_called TEXT,
    csr @BLOB@,
    problem TEXT,
    certificate @INT@ REFERENCES certificates (id)
) @END@;
CREATE INDEX acme_orders_by_account ON acme_orders (account, id);
CREATE INDEX acme_orders_by_certificate ON acme_orders (certificate);
CREATE INDEX acme_orders_by_replaced ON acme_orders (replaces);

-- attested: the SHA-256 of the one key that the certificate may be for. evidence: what was proved of it, as JSON.
CREATE TABLE acme_authorizations (
    id @ID@,
    acme_order @INT@ NOT NULL REFERENCES acme_orders (id),
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    state @INT@ NOT NULL,
    expires_at @INT@ NOT NULL,
    attested @BLOB@,
    evidence TEXT
) @END@;
CREATE INDEX acme_authorizations_by_order ON acme_authorizations (acme_order);

-- next_at: when it is tried, while it is processing.
CREATE TABLE acme_challenges (
    id @ID@,
    acme_authorization @INT@ NOT NULL REFERENCES acme_authorizations (id),
    kind TEXT NOT NULL,
    token TEXT NOT NULL,
    state @INT@ NOT NULL,
    attempts @INT@ NOT NULL,
    next_at @INT@ NOT NULL,
    validated_at @INT@,
    problem TEXT
) @END@;
CREATE INDEX acme_challenges_by_authorization ON acme_challenges (acme_authorization);
CREATE INDEX acme_challenges_due ON acme_challenges (next_at) WHERE state = 2;
