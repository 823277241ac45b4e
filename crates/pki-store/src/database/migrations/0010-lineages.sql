-- The lineage of the certificate that a request was made with; NULL where it was made with none. What is pending is counted for
-- all of a lineage.
ALTER TABLE approvals ADD COLUMN lineage @BLOB@;
CREATE INDEX approvals_of_lineage ON approvals (ca, lineage) WHERE state = 0;
