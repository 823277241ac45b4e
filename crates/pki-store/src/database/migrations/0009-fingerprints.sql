-- A certificate has no fingerprint before it is signed. Nobody looks for those without one, and an entry that is made for each
-- and taken back at once costs as much as two that stay.
DROP INDEX certificates_by_fingerprint;
CREATE INDEX certificates_by_fingerprint ON certificates (fingerprint) WHERE fingerprint IS NOT NULL;
