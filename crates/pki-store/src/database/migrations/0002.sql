-- Tokens by which a certificate is asked for. Of a token only its SHA-256 is here.
-- names: a list of patterns, as JSON; an empty one leaves the names to the profile.
CREATE TABLE tokens (
    id @ID@,
    ca TEXT NOT NULL,
    hash @BLOB@ NOT NULL UNIQUE,
    profile TEXT NOT NULL,
    names TEXT NOT NULL,
    uses @INT@ NOT NULL,
    used @INT@ NOT NULL,
    made_by TEXT NOT NULL,
    made_at @INT@ NOT NULL,
    expires_at @INT@ NOT NULL,
    revoked_at @INT@
) @END@;

-- Certificate requests that a person has to approve.
-- state: 0 pending, 1 approved, 2 denied. key, payload: as in table requests.
CREATE TABLE approvals (
    id @ID@,
    ca TEXT NOT NULL,
    requester TEXT NOT NULL,
    profile TEXT NOT NULL,
    subject TEXT NOT NULL,
    sans TEXT NOT NULL,
    spki @BLOB@ NOT NULL,
    csr @BLOB@ NOT NULL,
    csr_sha256 @BLOB@ NOT NULL,
    key TEXT NOT NULL,
    payload @BLOB@ NOT NULL,
    state @INT@ NOT NULL,
    asked_at @INT@ NOT NULL,
    expires_at @INT@ NOT NULL,
    decided_by TEXT,
    decided_at @INT@,
    reason TEXT,
    UNIQUE (ca, key)
) @END@;
CREATE INDEX approvals_pending ON approvals (ca, requester) WHERE state = 0;
