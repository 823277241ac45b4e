-- What came to nothing, or is not known to have come to anything: few, so that they are found without reading the others.
CREATE INDEX certificates_failed ON certificates (state) WHERE state > 1;
