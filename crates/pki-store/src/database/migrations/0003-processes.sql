-- What processes that share a store have to know of each other.

-- The oldest version of the software that still does right with this schema.
ALTER TABLE store ADD COLUMN compatible @INT@ NOT NULL DEFAULT 0;

-- Grows whenever the holder of a lease prolongs it. Nobody's clock decides whether a lease is over.
ALTER TABLE claims ADD COLUMN beat @INT@ NOT NULL DEFAULT 0;

-- The processes that issue. at: milliseconds since 1970, by the clock of the process. in_doubt: 1 while it knows its clock
-- to be wrong, or does not know it yet.
CREATE TABLE processes (
    id @BLOB@ NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    beat @INT@ NOT NULL,
    at @INT@ NOT NULL,
    in_doubt @INT@ NOT NULL
) @KEYED@;
