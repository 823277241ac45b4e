-- Challenges for the evidence of devices, until they have expired. Of a challenge only its SHA-256 is here.
-- csr: the SHA-256 of the certificate request that it was used for; NULL before that.
CREATE TABLE challenges (
    hash @BLOB@ NOT NULL PRIMARY KEY,
    ca TEXT NOT NULL,
    purpose TEXT NOT NULL,
    expires_at @INT@ NOT NULL,
    csr @BLOB@
) @KEYED@;
CREATE INDEX challenges_by_end ON challenges (expires_at);

-- Keys of apps, which sign assertions. counter: that of the last assertion. receipt: the platform's, as it came.
CREATE TABLE attested_keys (
    ca TEXT NOT NULL,
    key_id @BLOB@ NOT NULL,
    public_key @BLOB@ NOT NULL,
    counter @INT@ NOT NULL,
    device TEXT NOT NULL,
    claims TEXT NOT NULL,
    receipt @BLOB@,
    registered_at @INT@ NOT NULL,
    PRIMARY KEY (ca, key_id)
) @KEYED@;

-- What evidence has proved of who asked for a certificate. claims: JSON.
CREATE TABLE attestations (
    certificate @INT@ NOT NULL PRIMARY KEY REFERENCES certificates (id),
    kind TEXT NOT NULL,
    binding TEXT NOT NULL,
    keeper TEXT NOT NULL,
    device TEXT NOT NULL,
    claims TEXT NOT NULL
) @END@;

-- The same of a request that waits, as JSON.
ALTER TABLE approvals ADD COLUMN attestation TEXT;
