-- Orders that an upstream CA has not finished, or whose certificate has to be looked for there.
-- handle: by what it is asked again; NULL where a certificate that nobody has seen may be left of a refused answer.
CREATE TABLE upstream_orders (
    certificate @INT@ NOT NULL PRIMARY KEY REFERENCES certificates (id),
    requester TEXT NOT NULL,
    handle TEXT,
    ask_at @INT@ NOT NULL
) @KEYED@;

-- What an upstream CA has to revoke; told_at is NULL until it has.
CREATE TABLE upstream_revocations (
    issuer @INT@ NOT NULL REFERENCES issuers (id),
    serial @BLOB@ NOT NULL,
    reason TEXT NOT NULL,
    since @INT@ NOT NULL,
    told_at @INT@,
    PRIMARY KEY (issuer, serial)
) @KEYED@;
CREATE INDEX upstream_revocations_untold ON upstream_revocations (issuer) WHERE told_at IS NULL;

CREATE INDEX certificates_unconfirmed ON certificates (issuer) WHERE state = 2;
