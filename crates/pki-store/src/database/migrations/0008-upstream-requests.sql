-- What an upstream CA was asked for, as long as its answer may be lost: where it knows a request by its key, it is asked for
-- the same once more, and issues nothing new.
CREATE TABLE upstream_requests (
    certificate @INT@ NOT NULL PRIMARY KEY REFERENCES certificates (id),
    requester TEXT NOT NULL,
    csr @BLOB@ NOT NULL,
    key TEXT NOT NULL
) @KEYED@;
