-- Times are seconds since 1970, UTC. Serial numbers are the content octets of the DER INTEGER.

-- The one row that every writer changes: the end of the audit log, and how often something was revoked.
CREATE TABLE store (
    one @INT@ NOT NULL PRIMARY KEY CHECK (one = 1),
    version @INT@ NOT NULL,
    id @BLOB@ NOT NULL,
    revision @INT@ NOT NULL,
    audit_seq @INT@ NOT NULL,
    audit_hash @BLOB@ NOT NULL
) @END@;

CREATE TABLE issuers (
    id @ID@,
    ca TEXT NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    fingerprint @BLOB@ NOT NULL UNIQUE,
    spki @BLOB@ NOT NULL,
    not_after @INT@ NOT NULL,
    parts @INT@ NOT NULL,
    crl_url TEXT,
    chain TEXT NOT NULL,
    added_at @INT@ NOT NULL
) @END@;
CREATE INDEX issuers_by_key ON issuers (spki);

-- state: 0 reserved, 1 issued, 2 reserved by a process that has not said what became of it, 3 not signed.
-- content: the TBSCertificate until it is signed, then the certificate; NULL for an import that has neither.
CREATE TABLE certificates (
    id @ID@,
    issuer @INT@ NOT NULL REFERENCES issuers (id),
    serial @BLOB@ NOT NULL,
    state @INT@ NOT NULL,
    profile TEXT NOT NULL,
    subject TEXT NOT NULL,
    sans TEXT NOT NULL,
    not_before @INT@ NOT NULL,
    not_after @INT@ NOT NULL,
    spki @BLOB@,
    fingerprint @BLOB@,
    lineage @BLOB@ NOT NULL,
    part @INT@ NOT NULL,
    holder @BLOB@ NOT NULL,
    reserved_at @INT@ NOT NULL,
    content @BLOB@,
    UNIQUE (issuer, serial)
) @END@;
CREATE INDEX certificates_by_key ON certificates (spki);
CREATE INDEX certificates_by_lineage ON certificates (lineage);
CREATE INDEX certificates_by_fingerprint ON certificates (fingerprint);
CREATE INDEX certificates_by_end ON certificates (not_after);
CREATE INDEX certificates_unfinished ON certificates (reserved_at) WHERE state = 0;

-- What a search by name finds: see src/record/name_key.rs.
CREATE TABLE names (
    name @BLOB@ NOT NULL,
    certificate @INT@ NOT NULL REFERENCES certificates (id),
    PRIMARY KEY (name, certificate)
) @KEYED@;

CREATE TABLE revocations (
    certificate @INT@ NOT NULL PRIMARY KEY REFERENCES certificates (id),
    issuer @INT@ NOT NULL,
    part @INT@ NOT NULL,
    serial @BLOB@ NOT NULL,
    not_after @INT@ NOT NULL,
    revoked_at @INT@ NOT NULL,
    reason TEXT NOT NULL,
    revision @INT@ NOT NULL
) @END@;
CREATE INDEX revocations_by_part ON revocations (issuer, part);
CREATE INDEX revocations_by_revision ON revocations (revision);

CREATE TABLE blocked_keys (
    spki @BLOB@ NOT NULL PRIMARY KEY,
    blocked_at @INT@ NOT NULL
) @KEYED@;

-- Requests that have an idempotency key.
CREATE TABLE requests (
    ca TEXT NOT NULL,
    key TEXT NOT NULL,
    payload @BLOB@ NOT NULL,
    certificate @INT@ NOT NULL REFERENCES certificates (id),
    PRIMARY KEY (ca, key)
) @KEYED@;

-- number: the last one that was given out. The rest is the last CRL that was signed, NULL before the first.
CREATE TABLE crls (
    issuer @INT@ NOT NULL REFERENCES issuers (id),
    part @INT@ NOT NULL,
    number @INT@ NOT NULL,
    signed_number @INT@,
    this_update @INT@,
    next_update @INT@,
    revision @INT@,
    entries @INT@,
    der @BLOB@,
    PRIMARY KEY (issuer, part)
) @KEYED@;

CREATE TABLE audit (
    seq @INT@ NOT NULL PRIMARY KEY,
    at @INT@ NOT NULL,
    event TEXT NOT NULL,
    actor TEXT NOT NULL,
    ca TEXT NOT NULL,
    serial @BLOB@,
    detail TEXT NOT NULL,
    hash @BLOB@ NOT NULL
) @END@;

CREATE TABLE checkpoints (
    seq @INT@ NOT NULL PRIMARY KEY,
    document TEXT NOT NULL
) @END@;

-- What is done once, or by one process at a time.
CREATE TABLE claims (
    name TEXT NOT NULL PRIMARY KEY,
    holder @BLOB@ NOT NULL,
    until @INT@ NOT NULL
) @KEYED@;
